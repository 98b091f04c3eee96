/* Phone numbers: what is accepted is an identity, so reading its digits again gives the same. The
 * first byte chooses the default country. */
#include "domain/phone.h"

#include "fuzz.h"

#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct text COUNTRIES[] = {{0},
                                            TEXT_INIT("IN"),
                                            TEXT_INIT("BR"),
                                            TEXT_INIT("MX"),
                                            TEXT_INIT("AR"),
                                            TEXT_INIT("US"),
                                            TEXT_INIT("DE"),
                                            TEXT_INIT("ZZ")};
    struct text input = text_make((const char *)data, size);
    struct text country = COUNTRIES[fuzz_take_number(&input, 1) % ARRAY_SIZE(COUNTRIES)];
    struct phone phone;
    enum phone_verdict verdict = phone_read(input, country, &phone);
    CHECK(phone_verdict_to_code(verdict)[0] != '\0');
    if (verdict != PHONE_VALID) {
        return 0;
    }
    char spelled[32];
    (void)snprintf(spelled, sizeof(spelled), "+%lld", (long long)phone.digits);
    struct phone again;
    CHECK(phone_read(text_from(spelled), text_make(NULL, 0), &again) == PHONE_VALID);
    CHECK(again.digits == phone.digits);
    CHECK(phone_from_digits(phone.digits, &again) && again.digits == phone.digits);
    return 0;
}
