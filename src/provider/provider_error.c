/* The table of the provider's error codes. A row says what a code means when it answers the send
 * call; the same class serves a `failed` status later. Meta asks to decide on the code, not on the
 * HTTP status, and adds codes now and then: what is not here is judged by its status. */
#include "provider/provider_error.h"

enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE };

static const char *const CLASS_NAMES[PROVIDER_CLASS_COUNT] = {
    [PROVIDER_CLASS_NONE] = "none",
    [PROVIDER_CLASS_NETWORK] = "network",
    [PROVIDER_CLASS_THROUGHPUT] = "throughput",
    [PROVIDER_CLASS_ACCOUNT_LIMIT] = "account_limit",
    [PROVIDER_CLASS_PAIR_LIMIT] = "pair_limit",
    [PROVIDER_CLASS_AUTH] = "auth",
    [PROVIDER_CLASS_BILLING] = "billing",
    [PROVIDER_CLASS_ACCOUNT] = "account",
    [PROVIDER_CLASS_QUALITY] = "quality",
    [PROVIDER_CLASS_MAINTENANCE] = "maintenance",
    [PROVIDER_CLASS_SERVER] = "server",
    [PROVIDER_CLASS_UNREACHABLE] = "unreachable",
    [PROVIDER_CLASS_WINDOW_CLOSED] = "window_closed",
    [PROVIDER_CLASS_MARKETING_CAP] = "marketing_cap",
    [PROVIDER_CLASS_MARKETING_STOP] = "marketing_stop",
    [PROVIDER_CLASS_EXPERIMENT] = "experiment",
    [PROVIDER_CLASS_RECIPIENT] = "recipient",
    [PROVIDER_CLASS_TEMPLATE_PAUSED] = "template_paused",
    [PROVIDER_CLASS_TEMPLATE_INVALID] = "template_invalid",
    [PROVIDER_CLASS_PARAMETER] = "parameter",
    [PROVIDER_CLASS_MEDIA] = "media",
    [PROVIDER_CLASS_REQUEST] = "request",
    [PROVIDER_CLASS_UNKNOWN_CODE] = "unknown_code",
    [PROVIDER_CLASS_HTTP] = "http",
    [PROVIDER_CLASS_DOUBT_TIMEOUT] = "timeout",
    [PROVIDER_CLASS_DOUBT_RESET] = "reset",
    [PROVIDER_CLASS_DOUBT_5XX_GRAPH] = "5xx_graph",
    [PROVIDER_CLASS_DOUBT_5XX_PLAIN] = "5xx_plain",
    [PROVIDER_CLASS_DOUBT_UNREADABLE] = "unreadable",
};

const char *provider_class_to_text(enum provider_class class)
{
    return CLASS_NAMES[class];
}

bool provider_class_from_text(struct text text, enum provider_class *ret_class)
{
    for (size_t i = 0; i < PROVIDER_CLASS_COUNT; i++) {
        if (text_equal(text, text_from(CLASS_NAMES[i]))) {
            *ret_class = (enum provider_class)i;
            return true;
        }
    }
    return false;
}

#define TOKEN_ADVICE                                                                               \
    "Put a valid access token into the channel's settings. Waiting messages go out afterwards."
#define PERMISSION_ADVICE                                                                          \
    "Give the token the permissions whatsapp_business_messaging and whatsapp_business_management." \
    " Waiting messages go out afterwards."
#define TEMPORARY_ADVICE "Nothing to do: temporary trouble at WhatsApp."
#define REGISTRATION_ADVICE "Finish the registration of the sending number in the WhatsApp Manager."

/* Sorted by code: provider_code_find() halves. */
static const struct provider_code CODES[] = {
    {0, PROVIDER_CLASS_AUTH, PROVIDER_MEANS_TROUBLE, 0, 0, 0, "Token not accepted", TOKEN_ADVICE},
    {1, PROVIDER_CLASS_SERVER, PROVIDER_MEANS_DOUBT, 5 * SECOND, 0, 3,
     "Invalid request or server error", TEMPORARY_ADVICE},
    {2, PROVIDER_CLASS_SERVER, PROVIDER_MEANS_DOUBT, 5 * SECOND, 5 * MINUTE, 0,
     "Service temporarily down", TEMPORARY_ADVICE},
    {3, PROVIDER_CLASS_AUTH, PROVIDER_MEANS_TROUBLE, 0, 0, 0, "Capability or permission missing",
     PERMISSION_ADVICE},
    {4, PROVIDER_CLASS_ACCOUNT_LIMIT, PROVIDER_MEANS_RETRY, MINUTE, 0, 0, "App call limit reached",
     "Nothing to do: sending slows down until the limit of the app is free again."},
    {10, PROVIDER_CLASS_AUTH, PROVIDER_MEANS_TROUBLE, 0, 0, 0, "Permission denied",
     PERMISSION_ADVICE},
    {17, PROVIDER_CLASS_ACCOUNT_LIMIT, PROVIDER_MEANS_RETRY, MINUTE, 0, 0,
     "Call limit of the user reached",
     "Nothing to do: sending slows down until the limit is free again."},
    {33, PROVIDER_CLASS_ACCOUNT, PROVIDER_MEANS_TROUBLE, 0, 0, 0, "Sending number deleted",
     "The sending number no longer exists. Choose another number for this channel."},
    {100, PROVIDER_CLASS_REQUEST, PROVIDER_MEANS_REJECT, 0, 0, 0, "Invalid parameter",
     "Check the step's text, media and template against what WhatsApp allows, then retry."},
    {104, PROVIDER_CLASS_AUTH, PROVIDER_MEANS_TROUBLE, 0, 0, 0, "No token sent", TOKEN_ADVICE},
    {190, PROVIDER_CLASS_AUTH, PROVIDER_MEANS_TROUBLE, 0, 0, 0, "Access token expired or invalid",
     TOKEN_ADVICE},
    {200, PROVIDER_CLASS_AUTH, PROVIDER_MEANS_TROUBLE, 0, 0, 0, "Permission missing",
     PERMISSION_ADVICE},
    {368, PROVIDER_CLASS_ACCOUNT, PROVIDER_MEANS_TROUBLE, 0, 0, 0,
     "Account restricted for policy violations",
     "Open the account quality page of the WhatsApp Manager and ask for a review."},
    {613, PROVIDER_CLASS_ACCOUNT_LIMIT, PROVIDER_MEANS_RETRY, MINUTE, 0, 0, "Call rate exceeded",
     "Nothing to do: sending slows down until the limit is free again."},
    {803, PROVIDER_CLASS_REQUEST, PROVIDER_MEANS_REJECT, 0, 0, 0, "Object not found",
     "Check the phone number id and the business account id of the channel."},
    {80007, PROVIDER_CLASS_ACCOUNT_LIMIT, PROVIDER_MEANS_RETRY, MINUTE, 0, 0,
     "Rate limit of the business account reached",
     "Nothing to do: sending slows down until the limit is free again."},
    {130403, PROVIDER_CLASS_RECIPIENT, PROVIDER_MEANS_REJECT, 0, 0, 0, "You blocked this person",
     "Unblock the person in WhatsApp, then retry."},
    {130429, PROVIDER_CLASS_THROUGHPUT, PROVIDER_MEANS_RETRY, 2 * SECOND, MINUTE, 0,
     "Sending too fast", "Nothing to do: the number's rate is lowered and the message waits."},
    {130472, PROVIDER_CLASS_EXPERIMENT, PROVIDER_MEANS_REJECT, 0, 0, 0,
     "Held back by a WhatsApp experiment",
     "WhatsApp holds marketing back from some people to measure its effect. Retrying is of no "
     "use."},
    {130497, PROVIDER_CLASS_RECIPIENT, PROVIDER_MEANS_REJECT, 0, 0, 0, "Country not allowed",
     "This account may not write to people in that country."},
    {131000, PROVIDER_CLASS_SERVER, PROVIDER_MEANS_DOUBT, 5 * SECOND, 5 * MINUTE, 0,
     "Something went wrong at WhatsApp", TEMPORARY_ADVICE},
    {131005, PROVIDER_CLASS_AUTH, PROVIDER_MEANS_TROUBLE, 0, 0, 0, "Access denied",
     PERMISSION_ADVICE},
    {131008, PROVIDER_CLASS_REQUEST, PROVIDER_MEANS_REJECT, 0, 0, 0, "Required parameter missing",
     "Complete the step: a text, a media address or a template parameter is missing."},
    {131009, PROVIDER_CLASS_REQUEST, PROVIDER_MEANS_REJECT, 0, 0, 0, "Parameter value not valid",
     "Check the phone number and the step's values, then retry."},
    {131016, PROVIDER_CLASS_SERVER, PROVIDER_MEANS_DOUBT, 5 * SECOND, 5 * MINUTE, 0,
     "Service unavailable", TEMPORARY_ADVICE},
    {131021, PROVIDER_CLASS_RECIPIENT, PROVIDER_MEANS_REJECT, 0, 0, 0,
     "Recipient is the sending number", "Remove the sending number from the list of people."},
    {131026, PROVIDER_CLASS_UNREACHABLE, PROVIDER_MEANS_REJECT, 0, 0, 0, "Message undeliverable",
     "The person is not on WhatsApp, has an old app, has not accepted the terms, or blocked you. "
     "Ask them another way."},
    {131030, PROVIDER_CLASS_RECIPIENT, PROVIDER_MEANS_REJECT, 0, 0, 0,
     "Recipient not on the test number's list",
     "A test number reaches only up to five listed people. Add the person there or use a real "
     "number."},
    {131031, PROVIDER_CLASS_ACCOUNT, PROVIDER_MEANS_TROUBLE, 0, 0, 0, "Account locked",
     "Open the account quality page of the WhatsApp Manager; check the two-step PIN."},
    {131037, PROVIDER_CLASS_ACCOUNT, PROVIDER_MEANS_TROUBLE, 0, 0, 0, "Display name not approved",
     "Get a display name approved for the sending number."},
    {131042, PROVIDER_CLASS_BILLING, PROVIDER_MEANS_TROUBLE, 0, HOUR, 0, "Payment problem",
     "Repair the payment method of the WhatsApp business account. Waiting messages go out "
     "afterwards."},
    {131045, PROVIDER_CLASS_ACCOUNT, PROVIDER_MEANS_TROUBLE, 0, 0, 0, "Number not registered",
     REGISTRATION_ADVICE},
    {131047, PROVIDER_CLASS_WINDOW_CLOSED, PROVIDER_MEANS_REJECT, 0, 0, 0,
     "More than 24 hours since the person wrote",
     "Free text reaches only people who wrote in the last 24 hours. Give the step a template."},
    {131048, PROVIDER_CLASS_QUALITY, PROVIDER_MEANS_TROUBLE, 4 * HOUR, 0, 0,
     "Limited because of spam reports",
     "Too many people blocked or reported this number. Send less and only to people who asked for "
     "it; sending resumes after some hours."},
    {131049, PROVIDER_CLASS_MARKETING_CAP, PROVIDER_MEANS_REJECT, 0, 24 * HOUR, 2,
     "Person gets enough marketing for now",
     "WhatsApp limits marketing per person. One more try is made after a day."},
    {131050, PROVIDER_CLASS_MARKETING_STOP, PROVIDER_MEANS_REJECT, 0, 0, 0,
     "Person stopped marketing from you",
     "The person is opted out of marketing until they resume it in WhatsApp."},
    {131051, PROVIDER_CLASS_REQUEST, PROVIDER_MEANS_REJECT, 0, 0, 0, "Message type not supported",
     "Use text, media or a template."},
    {131052, PROVIDER_CLASS_MEDIA, PROVIDER_MEANS_REJECT, 0, 0, 0,
     "Media from the person not readable", "Ask the person to send it again."},
    {131053, PROVIDER_CLASS_MEDIA, PROVIDER_MEANS_RETRY, 30 * SECOND, 10 * MINUTE, 3,
     "Media could not be fetched",
     "Check that the media address is public, answers fast, and is of an allowed type and size."},
    {131055, PROVIDER_CLASS_REQUEST, PROVIDER_MEANS_REJECT, 0, 0, 0, "Method not allowed",
     "This endpoint takes marketing templates only."},
    {131056, PROVIDER_CLASS_PAIR_LIMIT, PROVIDER_MEANS_RETRY, 6 * SECOND, MINUTE, 0,
     "Too many messages to this person",
     "Nothing to do: only this person's messages wait a little."},
    {131057, PROVIDER_CLASS_MAINTENANCE, PROVIDER_MEANS_RETRY, MINUTE, MINUTE, 0,
     "Number in maintenance", "Nothing to do: it takes about a minute."},
    {131062, PROVIDER_CLASS_RECIPIENT, PROVIDER_MEANS_REJECT, 0, 0, 0,
     "User id not usable for this message", "This message needs the person's phone number."},
    {131063, PROVIDER_CLASS_TEMPLATE_INVALID, PROVIDER_MEANS_REJECT, 0, 0, 0,
     "Marketing not allowed on this endpoint",
     "Allow marketing messages on the Cloud API for this account in the WhatsApp Manager."},
    {131064, PROVIDER_CLASS_QUALITY, PROVIDER_MEANS_TROUBLE, 6 * HOUR, 0, 0,
     "Limited because of mis-categorised templates",
     "Correct the category of the templates; the limit lifts by itself after its period."},
    {132000, PROVIDER_CLASS_TEMPLATE_INVALID, PROVIDER_MEANS_REJECT, 0, 0, 0,
     "Number of parameters differs from the template",
     "Give the step exactly the parameters of the approved template, then retry."},
    {132001, PROVIDER_CLASS_TEMPLATE_INVALID, PROVIDER_MEANS_REJECT, 0, 0, 0,
     "Template or language does not exist",
     "Choose an approved template in one of its languages, then retry."},
    {132005, PROVIDER_CLASS_PARAMETER, PROVIDER_MEANS_REJECT, 0, 0, 0, "Filled text too long",
     "Shorten this person's values or the template."},
    {132007, PROVIDER_CLASS_TEMPLATE_INVALID, PROVIDER_MEANS_REJECT, 0, 0, 0,
     "Template content violates policy", "Choose or write another template."},
    {132008, PROVIDER_CLASS_PARAMETER, PROVIDER_MEANS_REJECT, 0, 0, 0,
     "Parameter value not acceptable", "Repair this person's values, then retry."},
    {132012, PROVIDER_CLASS_PARAMETER, PROVIDER_MEANS_REJECT, 0, 0, 0,
     "Parameter of a wrong format", "Repair this person's values or the step, then retry."},
    {132015, PROVIDER_CLASS_TEMPLATE_PAUSED, PROVIDER_MEANS_RETRY, 30 * MINUTE, 0, 0,
     "Template paused for low quality",
     "The message waits until the template is approved again; improve the template meanwhile."},
    {132016, PROVIDER_CLASS_TEMPLATE_INVALID, PROVIDER_MEANS_REJECT, 0, 0, 0, "Template disabled",
     "WhatsApp disabled this template for good. Choose another one, then retry."},
    {132018, PROVIDER_CLASS_PARAMETER, PROVIDER_MEANS_REJECT, 0, 0, 0, "Parameter text not valid",
     "A value holds a new line, a tab, too many spaces, or nothing. Repair it, then retry."},
    {132068, PROVIDER_CLASS_TEMPLATE_INVALID, PROVIDER_MEANS_REJECT, 0, 0, 0, "Flow blocked",
     "The flow of this template is blocked. Repair it in the WhatsApp Manager."},
    {132069, PROVIDER_CLASS_TEMPLATE_INVALID, PROVIDER_MEANS_REJECT, 0, 0, 0, "Flow throttled",
     "The flow of this template is limited. Repair it in the WhatsApp Manager."},
    {133000, PROVIDER_CLASS_ACCOUNT, PROVIDER_MEANS_TROUBLE, 0, 0, 0,
     "Earlier deregistration incomplete", REGISTRATION_ADVICE},
    {133004, PROVIDER_CLASS_SERVER, PROVIDER_MEANS_DOUBT, 5 * SECOND, 5 * MINUTE, 0,
     "Server temporarily unavailable", TEMPORARY_ADVICE},
    {133005, PROVIDER_CLASS_ACCOUNT, PROVIDER_MEANS_TROUBLE, 0, 0, 0, "Two-step PIN mismatch",
     REGISTRATION_ADVICE},
    {133006, PROVIDER_CLASS_ACCOUNT, PROVIDER_MEANS_TROUBLE, 0, 0, 0, "Number not verified",
     REGISTRATION_ADVICE},
    {133008, PROVIDER_CLASS_ACCOUNT, PROVIDER_MEANS_TROUBLE, 0, 0, 0, "Too many PIN guesses",
     REGISTRATION_ADVICE},
    {133009, PROVIDER_CLASS_ACCOUNT, PROVIDER_MEANS_TROUBLE, 0, 0, 0, "PIN entered too fast",
     REGISTRATION_ADVICE},
    {133010, PROVIDER_CLASS_ACCOUNT, PROVIDER_MEANS_TROUBLE, 0, 0, 0, "Number not registered",
     REGISTRATION_ADVICE},
    {133015, PROVIDER_CLASS_ACCOUNT, PROVIDER_MEANS_TROUBLE, 0, 0, 0, "Number deleted recently",
     REGISTRATION_ADVICE},
    {133016, PROVIDER_CLASS_ACCOUNT, PROVIDER_MEANS_TROUBLE, 0, 0, 0,
     "Too many registrations in 72 hours", REGISTRATION_ADVICE},
    {134011, PROVIDER_CLASS_REQUEST, PROVIDER_MEANS_REJECT, 0, 0, 0,
     "WhatsApp Payments terms not accepted", "Accept the terms in the WhatsApp Manager."},
    {134100, PROVIDER_CLASS_REQUEST, PROVIDER_MEANS_REJECT, 0, 0, 0, "Only marketing messages here",
     "This endpoint takes marketing templates only."},
    {134101, PROVIDER_CLASS_TEMPLATE_PAUSED, PROVIDER_MEANS_RETRY, 10 * MINUTE, 10 * MINUTE, 0,
     "Template still syncing", "Nothing to do: a new template needs about ten minutes."},
    {134102, PROVIDER_CLASS_TEMPLATE_INVALID, PROVIDER_MEANS_REJECT, 0, 0, 0,
     "Template not available", "Choose an approved template, then retry."},
    {135000, PROVIDER_CLASS_REQUEST, PROVIDER_MEANS_RETRY, 30 * SECOND, 0, 2,
     "Unknown error with the request",
     "Check the step's text, media and template. One more try is made."},
    {137000, PROVIDER_CLASS_RECIPIENT, PROVIDER_MEANS_REJECT, 0, 0, 0,
     "Identity of the person changed", "Check that the number still belongs to the person."},
    {2494100, PROVIDER_CLASS_MAINTENANCE, PROVIDER_MEANS_RETRY, 5 * MINUTE, 5 * MINUTE, 0,
     "Number in maintenance", "Nothing to do: the number is being moved; it takes minutes."},
};

const struct provider_code *provider_code_table(size_t *ret_count)
{
    *ret_count = ARRAY_SIZE(CODES);
    return CODES;
}

const struct provider_code *provider_code_find(int64_t code)
{
    if (code > 200 && code <= 299) {
        code = 200;
    }
    size_t low = 0;
    size_t high = ARRAY_SIZE(CODES);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (CODES[middle].code == code) {
            return &CODES[middle];
        }
        if (CODES[middle].code < code) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}
