/* Guesses which placeholder was meant by a misspelt one. */
#include "base/text.h"
#include "domain/personalize.h"

enum { HINT_SIZE = 48 };

/* Lower case, without the separators that people mix up: "First-Name" and "first_name" agree. */
static size_t normalise(struct text name, char out[HINT_SIZE])
{
    size_t size = 0;
    for (size_t i = 0; i < name.size && size < HINT_SIZE; i++) {
        char byte = name.data[i];
        if (byte == '_' || byte == '-' || byte == ' ' || byte == '.') {
            continue;
        }
        out[size++] = byte >= 'A' && byte <= 'Z' ? (char)(byte + ('a' - 'A')) : byte;
    }
    return size;
}

static size_t least(size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;
    return least < c ? least : c;
}

/* Changes, insertions, deletions and swaps of neighbours that turn one into the other. */
static size_t distance(const char *a, size_t a_size, const char *b, size_t b_size)
{
    size_t rows[3][HINT_SIZE + 1];
    for (size_t j = 0; j <= b_size; j++) {
        rows[0][j] = j;
    }
    for (size_t i = 1; i <= a_size; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i + 2) % 3];
        const size_t *two_above = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b_size; j++) {
            size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
            row[j] = least(above[j] + 1, row[j - 1] + 1, above[j - 1] + change);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                two_above[j - 2] + 1 < row[j]) {
                row[j] = two_above[j - 2] + 1;
            }
        }
    }
    return rows[a_size % 3][b_size];
}

static void consider(const char *wanted, size_t wanted_size, struct text candidate, size_t *best,
                     struct text *ret_hint)
{
    char other[HINT_SIZE];
    size_t other_size = normalise(candidate, other);
    size_t found = distance(wanted, wanted_size, other, other_size);
    if (found < *best) {
        *best = found;
        *ret_hint = candidate;
    }
}

struct text personalize_did_you_mean(struct text name, const struct text *known, size_t known_count)
{
    static const struct text BUILT_INS[] = {TEXT_INIT("name"),     TEXT_INIT("first_name"),
                                            TEXT_INIT("phone"),    TEXT_INIT("day"),
                                            TEXT_INIT("sequence"), TEXT_INIT("opt_out_link")};
    char wanted[HINT_SIZE];
    size_t wanted_size = normalise(name, wanted);
    /* One slip in a short name, two in a longer one; more is another word. */
    size_t best = wanted_size <= 2 ? 1 : wanted_size <= 5 ? 2 : 3;
    struct text hint = {0};
    for (size_t i = 0; i < ARRAY_SIZE(BUILT_INS); i++) {
        consider(wanted, wanted_size, BUILT_INS[i], &best, &hint);
    }
    for (size_t i = 0; i < known_count; i++) {
        consider(wanted, wanted_size, known[i], &best, &hint);
    }
    return hint;
}
