/* CSV: any bytes, cut anywhere, give the same rows as the same bytes in one piece. */
#include "base/text.h"
#include "domain/csv.h"

#include "fuzz.h"

struct digest {
    uint64_t value;
    int64_t rows;
};

static bool add_row(void *context, const struct csv_row *row)
{
    struct digest *digest = context;
    digest->rows++;
    for (size_t i = 0; i < row->count; i++) {
        CHECK(text_is_utf8(row->cells[i]));
        digest->value = digest->value * 31 + fuzz_hash(row->cells[i]) + 1;
    }
    digest->value = digest->value * 31 + (uint64_t)row->problem;
    return true;
}

static struct digest read_in_pieces(const uint8_t *data, size_t size, size_t piece,
                                    enum text_encoding encoding, char separator)
{
    struct digest digest = {0};
    CLEANUP(csv_reader_free)
    struct csv_reader *reader = csv_reader_new(encoding, separator, add_row, &digest);
    for (size_t at = 0; at < size; at += piece) {
        CHECK(csv_reader_feed(reader, data + at, size - at < piece ? size - at : piece));
    }
    CHECK(csv_reader_finish(reader));
    return digest;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text all = text_make((const char *)data, size);
    enum text_encoding encoding = text_encoding_guess(all, true);
    char separator = csv_guess_separator(text_is_utf8(all) ? all : text_make("", 0));
    struct digest whole = read_in_pieces(data, size, size == 0 ? 1 : size, encoding, separator);
    struct digest bytes = read_in_pieces(data, size, 1, encoding, separator);
    struct digest sevens = read_in_pieces(data, size, 7, encoding, separator);
    CHECK(whole.rows == bytes.rows && whole.value == bytes.value);
    CHECK(whole.rows == sevens.rows && whole.value == sevens.value);
    return 0;
}
