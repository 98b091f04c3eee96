/* Runs a fuzz target once over every file named on the command line: the corpus as a unit test. */
#include "base/buffer.h"

#include "fuzz.h"

#include <stdio.h>

static bool replay(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        (void)fprintf(stderr, "could not open %s\n", path);
        return false;
    }
    CLEANUP_IN_PLACE(buffer_done) struct buffer content;
    buffer_init(&content, 64U * 1024 * 1024);
    char piece[65536];
    size_t got = 0;
    while ((got = fread(piece, 1, sizeof(piece), file)) > 0) {
        buffer_add(&content, piece, got);
    }
    (void)fclose(file);
    struct text text = buffer_text(&content);
    (void)LLVMFuzzerTestOneInput((const uint8_t *)text.data, text.size);
    return true;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (!replay(argv[i])) {
            return 1;
        }
    }
    (void)printf("%d inputs replayed\n", argc - 1);
    return argc > 1 ? 0 : 1;
}
