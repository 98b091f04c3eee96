#pragma once

#include "base/text.h"

#include <stdbool.h>

/* The files of the web UI, embedded in the program by tools/mkassets.mjs; an empty table when it
 * was built without Node.js. Constant; any thread. */
struct asset {
    const char *path; /* "/index.html", "/assets/app-1A2B3C4D.js"; NULL ends the table */
    const char *content_type;
    const char *hash; /* of the content: the entity tag without its quotes */
    bool immutable;   /* its name holds its hash: caches may keep it for ever */
    struct text raw;
    struct text brotli; /* {NULL} when it would not be smaller */
    struct text gzip;
};
extern const struct asset ASSETS[];

/* The file of that path, or NULL. */
const struct asset *asset_find(struct text path);
