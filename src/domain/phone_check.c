/* Answers, for tests, how each line of the input is read: "COUNTRY<tab>text" in, where COUNTRY may
 * be empty; "digits<tab>country" or "-<tab>verdict" out. With --speed it reads the input once and
 * then measures. */
#include "base/buffer.h"
#include "base/mem.h"
#include "domain/phone.h"

#include <stdio.h>
#include <time.h>

enum { INPUT_MAX = 512 * 1024 * 1024 };

static int64_t now_ns(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (int64_t)at.tv_sec * 1000000000 + at.tv_nsec;
}

static void read_all(struct buffer *input)
{
    static char chunk[1 << 16];
    size_t got = 0;
    while ((got = fread(chunk, 1, sizeof chunk, stdin)) > 0) {
        buffer_add(input, chunk, got);
    }
}

static void answer(struct text line, bool quiet, int64_t *valid)
{
    struct text country = {NULL, 0};
    struct phone phone;
    if (!text_next(&line, '\t', &country)) {
        return;
    }
    enum phone_verdict verdict = phone_read(line, country, &phone);
    *valid += verdict == PHONE_VALID ? 1 : 0;
    if (quiet) {
        return;
    }
    if (verdict == PHONE_VALID) {
        printf("%lld\t%s\n", (long long)phone.digits, phone.country);
    } else {
        printf("-\t%s\n", phone_verdict_to_code(verdict));
    }
}

int main(int argc, char **argv)
{
    bool speed = argc > 1 && text_equal(text_from(argv[1]), TEXT("--speed"));
    CLEANUP_IN_PLACE(buffer_done) struct buffer input;
    buffer_init(&input, INPUT_MAX);
    read_all(&input);
    struct text rest = buffer_text(&input);
    struct text line = {NULL, 0};
    int64_t valid = 0;
    int64_t count = 0;
    int64_t started_ns = now_ns();
    while (rest.size > 0 && text_next(&rest, '\n', &line)) {
        answer(line, speed, &valid);
        count++;
    }
    if (speed && count > 0) {
        printf("%lld numbers, %lld valid, %lld ns each\n", (long long)count, (long long)valid,
               (long long)((now_ns() - started_ns) / count));
    }
    return 0;
}
