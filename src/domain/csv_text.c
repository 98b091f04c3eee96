/* Characters for the CSV reader and writer: which encoding a file has, UTF-16, the Windows-1252
 * fallback, and cells written so that they are read back and never run as formulas. */
#include "domain/csv_internal.h"

const char *text_encoding_to_text(enum text_encoding encoding)
{
    static const char *const NAMES[] = {
        [TEXT_ENCODING_UNKNOWN] = "unknown",           [TEXT_ENCODING_UTF8] = "utf-8",
        [TEXT_ENCODING_UTF16LE] = "utf-16le",          [TEXT_ENCODING_UTF16BE] = "utf-16be",
        [TEXT_ENCODING_WINDOWS_1252] = "windows-1252",
    };
    return NAMES[encoding];
}

enum { GUESS_BYTES_MAX = 64 * 1024, ZEROS_SAMPLE = 4096 };

static enum text_encoding guess_by_zeros(struct text head)
{
    size_t size = head.size < ZEROS_SAMPLE ? head.size : ZEROS_SAMPLE;
    size_t zeros[2] = {0, 0};
    for (size_t i = 0; i < size; i++) {
        zeros[i & 1] += head.data[i] == '\0' ? 1 : 0;
    }
    if (zeros[1] * 5 > size && zeros[1] > zeros[0] * 4) {
        return TEXT_ENCODING_UTF16LE;
    }
    if (zeros[0] * 5 > size && zeros[0] > zeros[1] * 4) {
        return TEXT_ENCODING_UTF16BE;
    }
    return TEXT_ENCODING_UNKNOWN;
}

enum text_encoding text_encoding_guess(struct text head, bool complete)
{
    if (head.size > GUESS_BYTES_MAX) {
        head = text_head(head, GUESS_BYTES_MAX);
        complete = false;
    }
    if (text_starts_with(head, TEXT("\xff\xfe"))) {
        return TEXT_ENCODING_UTF16LE;
    }
    if (text_starts_with(head, TEXT("\xfe\xff"))) {
        return TEXT_ENCODING_UTF16BE;
    }
    enum text_encoding by_zeros = guess_by_zeros(head);
    if (by_zeros != TEXT_ENCODING_UNKNOWN) {
        return by_zeros;
    }
    /* The last character may be cut where the head ends. */
    for (size_t cut = 0; cut <= (complete ? 0U : 3U) && cut <= head.size; cut++) {
        if (text_is_utf8(text_head(head, head.size - cut))) {
            return TEXT_ENCODING_UTF8;
        }
    }
    return TEXT_ENCODING_WINDOWS_1252;
}

static size_t put_utf8(char out[4], uint32_t point)
{
    if (point < 0x80) {
        out[0] = (char)point;
        return 1;
    }
    if (point < 0x800) {
        out[0] = (char)(0xc0 | point >> 6);
        out[1] = (char)(0x80 | (point & 0x3f));
        return 2;
    }
    if (point < 0x10000) {
        out[0] = (char)(0xe0 | point >> 12);
        out[1] = (char)(0x80 | (point >> 6 & 0x3f));
        out[2] = (char)(0x80 | (point & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | point >> 18);
    out[1] = (char)(0x80 | (point >> 12 & 0x3f));
    out[2] = (char)(0x80 | (point >> 6 & 0x3f));
    out[3] = (char)(0x80 | (point & 0x3f));
    return 4;
}

/* Takes one code unit into account; appends what becomes complete. */
static size_t take_unit(struct utf16_state *state, uint32_t unit, char *out)
{
    size_t written = 0;
    bool low = unit >= 0xdc00 && unit <= 0xdfff;
    if (state->high != 0 && low) {
        uint32_t point = 0x10000 + ((state->high - 0xd800) << 10) + (unit - 0xdc00);
        state->high = 0;
        return put_utf8(out, point);
    }
    if (state->high != 0 || low) {
        state->repairs++;
        state->high = 0;
        written = put_utf8(out, 0xfffd);
        if (low) {
            return written;
        }
    }
    if (unit >= 0xd800 && unit <= 0xdbff) {
        state->high = unit;
        return written;
    }
    return unit == 0xfeff ? written : written + put_utf8(out + written, unit);
}

size_t utf16_decode(struct utf16_state *state, bool big_endian, const unsigned char *data,
                    size_t size, char *out, size_t out_size, size_t *ret_written)
{
    size_t used = 0;
    size_t written = 0;
    while (used < size && written + 8 <= out_size) {
        unsigned char second = data[used++];
        if (!state->has_byte) {
            state->has_byte = true;
            state->byte = second;
            continue;
        }
        state->has_byte = false;
        uint32_t unit =
            big_endian ? (uint32_t)state->byte << 8 | second : (uint32_t)second << 8 | state->byte;
        written += take_unit(state, unit, out + written);
        if (unit == '\n' || unit == '\r') {
            break;
        }
    }
    *ret_written = written;
    return used;
}

static uint32_t windows_1252_point(unsigned char byte)
{
    static const uint16_t POINTS[32] = {
        0x20ac, 0xfffd, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
        0x2039, 0x0152, 0xfffd, 0x017d, 0xfffd, 0xfffd, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
        0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0xfffd, 0x017e, 0x0178,
    };
    return byte >= 0x80 && byte < 0xa0 ? POINTS[byte - 0x80] : byte;
}

int64_t windows_1252_repair(struct buffer *buffer, struct text cell, bool all)
{
    int64_t repairs = 0;
    while (cell.size > 0) {
        unsigned char byte = (unsigned char)cell.data[0];
        struct text rest = cell;
        uint32_t point = 0;
        if (byte < 0x80) {
            buffer_add_byte(buffer, cell.data[0]);
            cell = text_skip(cell, 1);
        } else if (!all && text_next_code_point(&rest, &point)) {
            buffer_add(buffer, cell.data, cell.size - rest.size);
            cell = rest;
        } else {
            char encoded[4];
            buffer_add(buffer, encoded, put_utf8(encoded, windows_1252_point(byte)));
            repairs++;
            cell = text_skip(cell, 1);
        }
    }
    return repairs;
}

/* ---- writing ------------------------------------------------------------------------------- */

static bool is_plain_number(struct text cell)
{
    size_t at = cell.size > 0 && (cell.data[0] == '+' || cell.data[0] == '-') ? 1 : 0;
    size_t digits = 0;
    size_t points = 0;
    for (; at < cell.size; at++) {
        if (cell.data[at] == '.') {
            points++;
        } else if (cell.data[at] >= '0' && cell.data[at] <= '9') {
            digits++;
        } else {
            return false;
        }
    }
    return digits > 0 && points <= 1;
}

static struct text without_apostrophes(struct text cell)
{
    while (cell.size > 0 && cell.data[0] == '\'') {
        cell = text_skip(cell, 1);
    }
    return cell;
}

static bool looks_like_formula(struct text cell)
{
    /* Spreadsheets for East Asia take the wide signs for the narrow ones. */
    static const struct text STARTS[] = {
        TEXT_INIT("="),  TEXT_INIT("+"),  TEXT_INIT("-"),  TEXT_INIT("@"),
        TEXT_INIT("\t"), TEXT_INIT("\r"), TEXT_INIT("\n"), TEXT_INIT("＝"),
        TEXT_INIT("＋"), TEXT_INIT("－"), TEXT_INIT("＠"),
    };
    if (cell.size == 0 ||
        ((unsigned char)cell.data[0] >= '0' && (unsigned char)cell.data[0] < 0x80 &&
         cell.data[0] != '=' && cell.data[0] != '@')) {
        return false; /* nearly all */
    }
    for (size_t i = 0; i < ARRAY_SIZE(STARTS); i++) {
        if (text_starts_with(cell, STARTS[i])) {
            return true;
        }
    }
    return false;
}

struct text csv_without_guard(struct text cell)
{
    bool guarded =
        text_starts_with(cell, TEXT("'")) && looks_like_formula(without_apostrophes(cell));
    return guarded ? text_skip(cell, 1) : cell;
}

/* Whether a reader would take the byte for something else when it stands without quotes. */
static bool needs_quotes(char byte)
{
    static const bool NEEDS[256] = {
        [','] = true, [';'] = true, ['"'] = true, ['\r'] = true, ['\n'] = true, ['\t'] = true};
    return NEEDS[(unsigned char)byte];
}

void csv_put_cell(struct buffer *buffer, struct text cell, bool first, bool defuse)
{
    if (!first) {
        buffer_add_byte(buffer, ',');
    }
    bool apostrophe =
        defuse && looks_like_formula(without_apostrophes(cell)) && !is_plain_number(cell);
    bool quotes = first && cell.size == 0; /* a row of one empty cell is no empty line */
    for (size_t i = 0; i < cell.size && !quotes; i++) {
        quotes = needs_quotes(cell.data[i]);
    }
    if (cell.size > 0 && (cell.data[0] == ' ' || cell.data[cell.size - 1] == ' ')) {
        quotes = true;
    }
    if (quotes) {
        buffer_add_byte(buffer, '"');
    }
    if (apostrophe) {
        buffer_add_byte(buffer, '\'');
    }
    size_t at = 0;
    while (quotes && text_find(cell, '"', &at)) {
        buffer_add(buffer, cell.data, at + 1);
        buffer_add_byte(buffer, '"');
        cell = text_skip(cell, at + 1);
    }
    buffer_add_text(buffer, cell);
    if (quotes) {
        buffer_add_byte(buffer, '"');
    }
}

void csv_end_row(struct buffer *buffer)
{
    buffer_add_chars(buffer, "\r\n");
}
