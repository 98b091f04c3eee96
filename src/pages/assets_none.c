/* The program without a web UI: it was built on a machine without Node.js. */
#include "pages/assets.h"

const struct asset ASSETS[] = {{0}};
