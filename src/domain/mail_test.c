/* Mails: addresses that may stand in an envelope, headers that nothing can break out of, bodies
 * that survive the way. */
#include "domain/mail.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void addresses_are_checked(void **state UNUSED)
{
    static const char *const GOOD[] = {"a@b", "anna@example.org", "x.y+z@mail.example.org",
                                       "o'hara_1@sub-domain.example"};
    static const char *const BAD[] = {"",           "a",           "@b",           "a@",
                                      "a@b@c",      "a b@c.org",   "a@-b.org",     "a@b..c",
                                      "a..b@c.org", ".a@c.org",    "a.@c.org",     "<a@b.org>",
                                      "a@b.org>",   "a@b\r\nX: y", "a@[::1]",      "\"a\"@b",
                                      "a@b.org\n",  "\xC3\xA9@b",  "a@\xC3\xA9.fr"};
    for (size_t i = 0; i < ARRAY_SIZE(GOOD); i++) {
        assert_true(mail_address_is_valid(text_from(GOOD[i])));
    }
    for (size_t i = 0; i < ARRAY_SIZE(BAD); i++) {
        assert_false(mail_address_is_valid(text_from(BAD[i])));
    }
    assert_false(mail_address_is_valid(text_make("a@b\0c", 5)));
}

static const char *compose(struct buffer *out, const char *subject, const char *body)
{
    const struct mail mail = {
        .from = TEXT("drip@example.org"),
        .from_name = TEXT("Dripline"),
        .to = TEXT("anna@example.org"),
        .subject = text_from(subject),
        .body = text_from(body),
        .id = TEXT("7.abc"),
        .date_ms = INT64_C(784111777000),
    };
    buffer_clear(out);
    mail_compose(&mail, out);
    return buffer_chars(out);
}

static void headers_are_complete(void **state UNUSED)
{
    CLEANUP_IN_PLACE(buffer_done) struct buffer out;
    buffer_init(&out, 1 << 20);
    assert_string_equal(compose(&out, "Sending is held", "Hello\n"),
                        "Date: Sun, 06 Nov 1994 08:49:37 +0000\r\n"
                        "From: Dripline\r\n <drip@example.org>\r\n"
                        "To: <anna@example.org>\r\n"
                        "Subject: Sending is held\r\n"
                        "Message-ID: <7.abc@example.org>\r\n"
                        "Auto-Submitted: auto-generated\r\n"
                        "MIME-Version: 1.0\r\n"
                        "Content-Type: text/plain; charset=utf-8\r\n"
                        "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
                        "Hello\r\n");
}

static void no_header_can_be_added(void **state UNUSED)
{
    CLEANUP_IN_PLACE(buffer_done) struct buffer out;
    buffer_init(&out, 1 << 20);
    const char *mail = compose(&out, "Hi\r\nBcc: eve@example.org\r\n\r\nbody", "x\n");
    assert_null(strstr(mail, "Bcc"));
    assert_non_null(
        strstr(mail, "Subject: =?UTF-8?B?SGkgIEJjYzogZXZlQGV4YW1wbGUub3JnICAgIGJvZHk=?="));
    const struct mail odd = {.from = TEXT("a@b\r\nBcc: c@d"),
                             .to = TEXT("x@y>\r\nBcc: <c@d"),
                             .id = TEXT("1>\r\nBcc: <c@d"),
                             .subject = TEXT("=?x")};
    buffer_clear(&out);
    mail_compose(&odd, &out);
    assert_null(strstr(buffer_chars(&out), "\nBcc"));
    assert_non_null(strstr(buffer_chars(&out), "Subject: =?UTF-8?B?PT94?="));
}

static void words_end_between_characters(void **state UNUSED)
{
    CLEANUP_IN_PLACE(buffer_done) struct buffer out;
    buffer_init(&out, 1 << 20);
    const char *mail = compose(&out,
                               "\xE0\xA4\xA8\xE0\xA4\xAE\xE0\xA4\xB8\xE0\xA5\x8D\xE0\xA4\xA4\xE0"
                               "\xA5\x87 \xE0\xA4\xA6\xE0\xA5\x81\xE0\xA4\xA8\xE0\xA4\xBF\xE0\xA4"
                               "\xAF\xE0\xA4\xBE \xE2\x9D\xA4\xE2\x9D\xA4\xE2\x9D\xA4",
                               "x\n");
    /* 40 of the first 42 bytes: the 14th character would be cut. */
    assert_non_null(strstr(mail, "?=\r\n =?UTF-8?B?"));
    struct text rest = text_from(mail);
    struct text line;
    while (text_next(&rest, '\n', &line)) {
        assert_true(line.size <= 79);
    }
}

static void bodies_survive(void **state UNUSED)
{
    CLEANUP_IN_PLACE(buffer_done) struct buffer out;
    buffer_init(&out, 1 << 20);
    char longest[401];
    memset(longest, 'a', sizeof(longest) - 1);
    longest[400] = '\0';
    const char *mail = compose(&out, "x", ".\n. x\n50 = half \n\xE2\x82\xAC\n\nend");
    assert_non_null(
        strstr(mail, "\r\n\r\n=2E\r\n=2E x\r\n50 =3D half=20\r\n=E2=82=AC\r\n\r\nend\r\n"));
    mail = compose(&out, "x", longest);
    struct text rest = text_from(strstr(mail, "\r\n\r\n") + 4);
    struct text line;
    size_t count = 0;
    while (text_next(&rest, '\n', &line)) {
        assert_true(line.size <= 77);
        for (size_t i = 0; i < line.size; i++) {
            count += line.data[i] == 'a';
        }
    }
    assert_int_equal(count, 400);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_checked),  cmocka_unit_test(headers_are_complete),
        cmocka_unit_test(no_header_can_be_added), cmocka_unit_test(words_end_between_characters),
        cmocka_unit_test(bodies_survive),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
