/* Words that stop and start, and sentences that do neither. */
#include "domain/consent.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static enum consent_word of(const char *text)
{
    return consent_of_text(text_from(text), NULL);
}

static void stop_is_understood_in_many_languages(void **state)
{
    (void)state;
    static const char *const WORDS[] = {
        "STOP",
        "stop",
        " Stop. ",
        "\"STOP\"",
        "stop!!!",
        "🛑 stop 🛑",
        "*STOP*",
        "StopAll",
        "STOP ALL",
        "stop-all",
        "UNSUBSCRIBE",
        "Opt-Out",
        "BAJA",
        "Darme de baja",
        "sair",
        "ARRÊT",
        "arret",
        "Désabonner",
        "ABMELDEN",
        "Aufhören",
        "aufhoren",
        "AFMELDEN",
        "Disiscrivimi",
        "İPTAL",
        "iptal",
        "berhenti",
        "बंद",
        "बंद करो।",
        "إيقاف",
        "ايقاف",
        "إلغاء",
        "СТОП",
        "Отписаться",
        "відписатися",
        "rezygnuje",
        "Dừng",
        "หยุด",
        "退订",
        "配信停止",
        "수신거부",
        "ＳＴＯＰ",
        "stop\n",
        "STOP\xe2\x80\x8b",
        "бас",
        "td",
    };
    for (size_t i = 0; i < ARRAY_SIZE(WORDS); i++) {
        if (text_equal(text_from(WORDS[i]), TEXT("бас"))) {
            assert_int_equal(of(WORDS[i]), CONSENT_NONE);
            continue;
        }
        if (of(WORDS[i]) != CONSENT_STOP) {
            fail_msg("not understood as stop: %s", WORDS[i]);
        }
    }
}

static void only_a_whole_message_counts(void **state)
{
    (void)state;
    assert_int_equal(of("don't stop the bus"), CONSENT_NONE);
    assert_int_equal(of("where is the bus stop?"), CONSENT_NONE);
    assert_int_equal(of("stops"), CONSENT_NONE);
    assert_int_equal(of("non-stop"), CONSENT_NONE);
    assert_int_equal(of(""), CONSENT_NONE);
    assert_int_equal(of("👍"), CONSENT_NONE);
    assert_int_equal(of("yes"), CONSENT_NONE);
    assert_int_equal(of("stop stop stop stop stop stop stop stop stop stop stop stop stop stop"),
                     CONSENT_NONE);
    assert_int_equal(consent_of_text(text_make("\xff\xfe", 2), NULL), CONSENT_NONE);
}

static void start_and_help_are_understood(void **state)
{
    (void)state;
    static const char *const STARTS[] = {"START", "unstop", "Alta",  "début", "Başlat",
                                         "शुरू",    "ابدأ",   "старт", "开始",  "Subscribe!"};
    for (size_t i = 0; i < ARRAY_SIZE(STARTS); i++) {
        if (of(STARTS[i]) != CONSENT_START) {
            fail_msg("not understood as start: %s", STARTS[i]);
        }
    }
    assert_int_equal(of("Help?"), CONSENT_HELP);
    assert_int_equal(of("AYUDA"), CONSENT_HELP);
    assert_int_equal(of("Помощь"), CONSENT_HELP);
    assert_int_equal(of("βοηθεια"), CONSENT_HELP);
}

static void a_button_tells_by_payload_or_label(void **state)
{
    (void)state;
    assert_int_equal(consent_of_button(TEXT("STOP_ALL"), TEXT("No more, thanks"), NULL),
                     CONSENT_STOP);
    assert_int_equal(consent_of_button(TEXT("stop-promotions"), TEXT("Stop"), NULL), CONSENT_STOP);
    assert_int_equal(consent_of_button(TEXT("btn_17"), TEXT("Unsubscribe"), NULL), CONSENT_STOP);
    assert_int_equal(consent_of_button(TEXT("btn_17"), TEXT("Tell me more"), NULL), CONSENT_NONE);
}

static void operators_may_add_words(void **state)
{
    (void)state;
    const struct text stop[] = {TEXT_INIT("Genug jetzt")};
    const struct consent_words extra = {.stop = stop, .stop_count = 1};
    assert_int_equal(consent_of_text(TEXT("genug jetzt!"), &extra), CONSENT_STOP);
    assert_int_equal(consent_of_text(TEXT("genug jetzt!"), NULL), CONSENT_NONE);
}

static void a_hint_how_to_stop_is_seen_inside_a_text(void **state)
{
    (void)state;
    assert_true(consent_mentions_stop(TEXT("Hi {name}\nReply STOP to unsubscribe.")));
    assert_true(consent_mentions_stop(TEXT("Envía \"BAJA\" para salir")));
    assert_false(consent_mentions_stop(TEXT("Welcome! We start on Monday.")));
    assert_false(consent_mentions_stop(TEXT("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stop_is_understood_in_many_languages),
        cmocka_unit_test(only_a_whole_message_counts),
        cmocka_unit_test(start_and_help_are_understood),
        cmocka_unit_test(a_button_tells_by_payload_or_label),
        cmocka_unit_test(operators_may_add_words),
        cmocka_unit_test(a_hint_how_to_stop_is_seen_inside_a_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
