#pragma once

#include "base/json.h"

/* How a parsed document lies in memory; json_parse.c builds it, json.c reads it. One block holds
 * all values and all texts of a document, so that parsing costs one allocation however many values
 * there are. The children of a value lie side by side. */

/* Objects with more fields than this get a list sorted by name: finding a field, and finding that
 * one is there twice, then never takes a walk over all of them. */
enum { JSON_FIELDS_UNSORTED = 16 };

struct json_sorted {
    struct json_sorted *next; /* of the document */
    struct json *items;       /* in the order of the document */
    const struct json *by_name[];
};

struct json {
    const char *name; /* of an object's field; ends in NUL */
    uint32_t name_size;
    uint32_t count; /* bytes of a text, children of an array or object */
    union {
        bool truth;
        int64_t integer;
        double real;
        const char *text; /* ends in NUL */
        struct json *items;
        struct json_sorted *sorted; /* an object of more than JSON_FIELDS_UNSORTED fields */
    };
    enum json_kind kind;
};

struct json_document {
    struct json root; /* first, so that the root's address is the document's */
    struct json_sorted *sorted;
};

/* Order of names in `by_name`: by size, then by bytes. */
int json_compare_names(const char *a, size_t a_size, const char *b, size_t b_size);

/* A document being read. */
struct json_parser {
    const char *start;
    const char *at;
    const char *end;
    struct json_document *document;
    struct json *stack; /* next free value at the low end */
    struct json *done;  /* the newest value at the high end */
    char *texts;        /* next free byte for texts */
    size_t depth;
    size_t depth_max;
    size_t members;
    size_t members_max;
    const char *wrong;  /* NULL while all is well */
    const char *reason; /* word of the limit that was passed, or NULL */
};
/* Remembers the first finding; returns false. */
bool json_fail(struct json_parser *parser, const char *wrong);
/* Reads a text from its opening quote on; what comes out ends in NUL. */
bool json_read_text(struct json_parser *parser, const char **ret_text, uint32_t *ret_size);
