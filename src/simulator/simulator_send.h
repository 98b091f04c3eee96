#pragma once

#include "simulator/simulator_internal.h"

/* Shared by simulator_send.c, simulator_check.c and simulator_check_template.c. */

/* One send on its way through the checks. */
struct send {
    struct simulator *simulator;
    struct job *job;
    struct number *number;
    struct person *person; /* NULL until the recipient is known */
    const struct json *json;
    struct text to, digits, token, type, text, category;
    struct fault_rule fault;
    uint64_t draw;
    char id[SIMULATOR_ID_MAX];
    int64_t code; /* of the refusal; 0 = none */
    bool refused, accepted;
};

/* Writes Meta's refusal and returns false. */
bool send_refuse(struct send *send, int64_t code, const char *details);
/* Each returns false after a refusal. */
bool send_read_recipient(struct send *send); /* finds the person and draws their luck */
bool send_check_content(struct send *send);
bool send_check_limits(struct send *send);   /* self, throughput, pair, template */
bool send_check_template(struct send *send); /* state and parameters */
