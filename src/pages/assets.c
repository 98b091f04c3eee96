/* Finding an embedded file: see assets.h. The table is short, so a walk is enough. */
#include "pages/assets.h"

#include <stddef.h>

const struct asset *asset_find(struct text path)
{
    for (const struct asset *asset = ASSETS; asset->path != NULL; asset++) {
        if (text_equal(path, text_from(asset->path))) {
            return asset;
        }
    }
    return NULL;
}
