#pragma once

#include "delivery/delivery_internal.h"
#include "store/testing.h"

/* For tests only: a store, a send machine on a wire without network, and a ledger of what the
 * provider on that wire really received and accepted. */
enum wire_fate {
    FATE_ACCEPT,         /* accepted, answered */
    FATE_ACCEPT_SILENT,  /* accepted, the answer is lost */
    FATE_LOSE,           /* not accepted, no answer */
    FATE_REFUSE,         /* refused for good */
    FATE_LATER,          /* refused for now */
    FATE_NOT_SENT,       /* no byte left */
    FATE_AUTH,           /* refused: the token is wrong */
    FATE_HANG,           /* received, not answered until wire_answer_all() */
    FATE_SERVER_ERROR,   /* 500 with an error envelope, not accepted */
    FATE_MARKETING_STOP, /* refused: the person stopped marketing */
    FATE_PAIR_LIMIT,
    FATE_THROUGHPUT,
};
enum { FATE_COUNT = FATE_THROUGHPUT + 1 };

enum { LEDGER_MAX = 4096 };
struct ledger_entry {
    char to[24];
    char body[160]; /* the text: tests put person and step into it */
    char token[96];
    int64_t accepted_id; /* 0: not accepted; else wamid.<id> */
    bool failed_later;   /* reported failed by a webhook afterwards */
    int told;            /* the highest status a webhook told of it */
};
struct wire_call {
    struct wire_call *next;
    http_done_fn *done;
    void *context;
    size_t entry;
    enum wire_fate fate;
};
struct delivery_test {
    struct store_test store;
    struct delivery *delivery;
    struct delivery_settings settings;
    uint8_t master_key[32];
    struct ledger_entry ledger[LEDGER_MAX];
    size_t ledger_count;
    int64_t accepted;
    enum wire_fate (*fate)(struct delivery_test *test, const struct ledger_entry *entry);
    enum wire_fate next_fate; /* when `fate` is NULL */
    bool threaded;            /* the loop runs on its own thread: polls may wait */
    struct wire_call *calls;
    struct queue *wakes;
    void *context;
};

void delivery_test_open(struct delivery_test *test);
void delivery_test_close(struct delivery_test *test);
/* The process dies: nothing in flight is learned of. Then everything opens again. */
void delivery_test_crash(struct delivery_test *test);
/* One pass of the machine until it rests; moves the manual clock by `ms` before it. */
void delivery_test_advance(struct delivery_test *test, int64_t ms);
/* Only one turn of the loop. */
void delivery_test_turn(struct delivery_test *test);
void wire_answer_all(struct delivery_test *test);

/* A sequence with `days` steps on the days given, text "hello {name} day {day}", at 09:00 UTC. */
int64_t delivery_test_sequence(struct delivery_test *test, const int *days, size_t count);
/* Person `n` with phone 15550100000 + n and name "p<n>", enrolled now and planned. */
int64_t delivery_test_enroll(struct delivery_test *test, int64_t sequence_id, int64_t n);
/* Sends a status webhook for the ledger's entry. `with_token` false: by provider id only. */
enum receipt_status { RECEIPT_SENT = 1, RECEIPT_DELIVERED, RECEIPT_READ, RECEIPT_FAILED };
void delivery_test_receipt(struct delivery_test *test, size_t entry, enum receipt_status status,
                           int64_t code, bool with_token);
