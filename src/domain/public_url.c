/* Which addresses links can be made of: see public_url.h. */
#include "domain/public_url.h"

bool public_url_is_good(struct text url)
{
    struct text rest = {0};
    if (text_starts_with(url, TEXT("https://"))) {
        rest = text_skip(url, 8);
    } else if (text_starts_with(url, TEXT("http://"))) {
        rest = text_skip(url, 7);
    }
    for (size_t i = 0; i < rest.size; i++) {
        char byte = rest.data[i];
        if ((unsigned char)byte <= ' ' || byte == 0x7f || byte == '"' || byte == '<' ||
            byte == '>' || byte == '\\' || byte == '?' || byte == '#' || byte == '@') {
            return false;
        }
    }
    return rest.size > 0 && rest.data[0] != '/' && url.size <= PUBLIC_URL_MAX &&
           !text_ends_with(rest, TEXT("/"));
}
