/* SMTP through libcurl. Every line that the server says passes take_line(), so the words that end
 * it are known exactly; give_data() knows whether the server was asked to take the mail. */
#include "net/smtp.h"

#include "base/clock.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

enum {
    CONNECT_TIMEOUT_MS = 15000,
    ANSWER_TIMEOUT_S = 30,
    TOTAL_TIMEOUT_MS = 60000,
    URL_MAX = 600,
    ENVELOPE_MAX = 300,
    GOODBYE = 221, /* says nothing of the mail */
};

const char *smtp_security_to_text(enum smtp_security security)
{
    static const char *const WORDS[SMTP_SECURITY_COUNT] = {"none", "starttls", "tls"};
    CHECK((size_t)security < SMTP_SECURITY_COUNT);
    return WORDS[security];
}

const char *smtp_stage_to_text(enum smtp_stage stage)
{
    switch (stage) {
    case SMTP_STAGE_RESOLVE:
        return "resolve";
    case SMTP_STAGE_CONNECT:
        return "connect";
    case SMTP_STAGE_TLS:
        return "tls";
    case SMTP_STAGE_LOGIN:
        return "login";
    case SMTP_STAGE_ENVELOPE:
        return "envelope";
    case SMTP_STAGE_DATA:
        return "data";
    case SMTP_STAGE_DONE:
        return "done";
    }
    return "";
}

struct session {
    const struct smtp_mail *mail;
    struct smtp_result *result;
    size_t given;       /* bytes of the data */
    bool data_begun;    /* the server asked for the data */
    bool answered_data; /* and has said something since */
    bool continues;     /* the last line said that more follow */
    bool stopped;       /* before_data() or give_up() said so */
    char words[CURL_ERROR_SIZE];
};

/* ---- callbacks of libcurl ---- */

static size_t give_data(char *out, size_t size, size_t count, void *context)
{
    struct session *session = context;
    const struct smtp_mail *mail = session->mail;
    size_t room = size * count;
    size_t left = mail->data.size - session->given;
    size_t taken = left < room ? left : room;
    if (!session->data_begun) {
        if (mail->before_data != NULL && !mail->before_data(mail->context)) {
            session->stopped = true;
            return CURL_READFUNC_ABORT;
        }
        session->data_begun = true;
    }
    memcpy(out, mail->data.data + session->given, taken);
    session->given += taken;
    return taken;
}

static bool read_code(struct text line, int *ret_code)
{
    int64_t code = 0;
    if (line.size < 3 || !text_to_int64(text_head(line, 3), &code) || code < 200 || code > 599) {
        return false;
    }
    *ret_code = (int)code;
    return true;
}

/* Keeps the newest answer, all its lines, without what a terminal or a page would act on. */
static size_t take_line(char *data, size_t size, size_t count, void *context)
{
    struct session *session = context;
    struct smtp_result *result = session->result;
    size_t bytes = size * count;
    struct text line = text_trim(text_make(data, bytes));
    size_t used = session->continues ? strlen(result->answer) : 0;
    int code = 0;
    if (!read_code(line, &code) || code == GOODBYE) {
        return bytes;
    }
    result->code = code;
    if (used > 0 && used + 1 < sizeof(result->answer)) {
        result->answer[used++] = ' ';
    }
    for (size_t i = 0; i < line.size && used + 1 < sizeof(result->answer); i++) {
        unsigned char byte = (unsigned char)line.data[i];
        result->answer[used++] = byte < 0x20 || byte >= 0x7F ? '?' : (char)byte;
    }
    result->answer[used] = '\0';
    session->continues = line.size > 3 && line.data[3] == '-';
    session->answered_data = session->data_begun;
    return bytes;
}

static size_t take_body(char *data, size_t size, size_t count, void *context)
{
    (void)data;
    (void)context;
    return size * count;
}

static int look_up(void *context, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    (void)a;
    (void)b;
    (void)c;
    (void)d;
    struct session *session = context;
    const struct smtp_mail *mail = session->mail;
    session->stopped = session->stopped || (mail->give_up != NULL && mail->give_up(mail->context));
    return session->stopped ? 1 : 0;
}

/* ---- what came of it ---- */

static enum smtp_stage stage_of(const struct session *session, CURLcode code)
{
    switch ((int)code) {
    case CURLE_OK:
        return SMTP_STAGE_DONE;
    case CURLE_COULDNT_RESOLVE_HOST:
        return SMTP_STAGE_RESOLVE;
    case CURLE_COULDNT_CONNECT:
        return SMTP_STAGE_CONNECT;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_USE_SSL_FAILED:
        return SMTP_STAGE_TLS;
    case CURLE_LOGIN_DENIED:
        return SMTP_STAGE_LOGIN;
    default:
        break;
    }
    if (session->data_begun) {
        return SMTP_STAGE_DATA;
    }
    return session->result->code == 0 ? SMTP_STAGE_CONNECT : SMTP_STAGE_ENVELOPE;
}

/* A refusal of this mail, as opposed to one of the server or of our login, which somebody may put
 * right before the next try. */
static enum smtp_outcome outcome_of(const struct session *session, CURLcode code)
{
    const struct smtp_result *result = session->result;
    bool for_good = result->code >= 500;
    if (code == CURLE_OK) {
        return SMTP_ACCEPTED;
    }
    if (!session->data_begun) {
        bool mail_refused = result->stage == SMTP_STAGE_ENVELOPE && code == CURLE_SEND_ERROR;
        return mail_refused && for_good ? SMTP_REFUSED : SMTP_LATER;
    }
    if (!session->answered_data || result->code < 400) {
        return SMTP_UNKNOWN;
    }
    return for_good ? SMTP_REFUSED : SMTP_LATER;
}

static void explain(const struct session *session, CURLcode code)
{
    struct smtp_result *result = session->result;
    const char *words = session->words[0] != '\0' ? session->words : curl_easy_strerror(code);
    if (code == CURLE_OK) {
        return;
    }
    if (session->stopped) {
        words = "given up because the server stops";
    } else if (code == CURLE_USE_SSL_FAILED) {
        words = "the server offers no STARTTLS";
    }
    (void)snprintf(result->message, sizeof(result->message), "%s", words);
}

/* ---- the call ---- */

static void set_connection(CURL *easy, const struct smtp_mail *mail)
{
    char url[URL_MAX];
    struct text from = text_from(mail->from);
    size_t at = 0;
    bool brackets = strchr(mail->host, ':') != NULL;
    /* The name we greet with: that of the sender's domain, which the recipient knows anyway. */
    struct text domain = text_find(from, '@', &at) ? text_skip(from, at + 1) : TEXT("localhost");
    (void)snprintf(url, sizeof(url), "%s://%s%s%s:%d/%.*s",
                   mail->security == SMTP_TLS ? "smtps" : "smtp", brackets ? "[" : "", mail->host,
                   brackets ? "]" : "", mail->port, TEXT_ARGS(domain));
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS);
    curl_easy_setopt(easy, CURLOPT_SERVER_RESPONSE_TIMEOUT, (long)ANSWER_TIMEOUT_S);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS,
                     (long)(mail->timeout_ms > 0 ? mail->timeout_ms : TOTAL_TIMEOUT_MS));
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(easy, CURLOPT_USE_SSL,
                     (long)(mail->security == SMTP_PLAIN ? CURLUSESSL_NONE : CURLUSESSL_ALL));
    if (mail->ca_file != NULL) {
        curl_easy_setopt(easy, CURLOPT_CAINFO, mail->ca_file);
    }
    if (mail->user != NULL) {
        curl_easy_setopt(easy, CURLOPT_USERNAME, mail->user);
        curl_easy_setopt(easy, CURLOPT_PASSWORD, mail->password == NULL ? "" : mail->password);
    }
}

static void set_callbacks(CURL *easy, struct session *session)
{
    curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)session->mail->data.size);
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, give_data);
    curl_easy_setopt(easy, CURLOPT_READDATA, session);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_line);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, session);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, look_up);
    curl_easy_setopt(easy, CURLOPT_XFERINFODATA, session);
    curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, session->words);
}

void smtp_send(const struct smtp_mail *mail, struct smtp_result *ret_result)
{
    struct smtp_result result = {.outcome = SMTP_LATER};
    struct session session = {.mail = mail, .result = &result};
    char from[ENVELOPE_MAX];
    char to[ENVELOPE_MAX];
    int64_t start_us = clock_measure_us();
    CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
    CURL *easy = curl_easy_init();
    CHECK(easy != NULL);
    (void)snprintf(from, sizeof(from), "<%s>", mail->from);
    (void)snprintf(to, sizeof(to), "<%s>", mail->to);
    struct curl_slist *recipients = curl_slist_append(NULL, to);
    set_connection(easy, mail);
    set_callbacks(easy, &session);
    curl_easy_setopt(easy, CURLOPT_MAIL_FROM, from);
    curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, recipients);
    CURLcode code = curl_easy_perform(easy);
    result.stage = stage_of(&session, code);
    result.outcome = outcome_of(&session, code);
    explain(&session, code);
    result.duration_ms = (clock_measure_us() - start_us) / 1000;
    *ret_result = result;
    curl_easy_cleanup(easy);
    curl_slist_free_all(recipients);
    curl_global_cleanup();
}
