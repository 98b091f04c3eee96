#pragma once

#include "base/text.h"
#include "provider/provider_error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What one webhook body says, as a flat list in the order of the body. A body may mix sending
 * numbers and kinds; the list is at-least-once and unordered over time, so `digest` names an event
 * for deduplication and `at_ms` is the provider's own time of it. */

enum provider_event_kind {
    PROVIDER_EVENT_STATUS,            /* sent, delivered, read, failed */
    PROVIDER_EVENT_INBOUND,           /* a person wrote, tapped, reacted */
    PROVIDER_EVENT_PREFERENCE,        /* a person stopped or resumed marketing in WhatsApp */
    PROVIDER_EVENT_IDENTITY_CHANGED,  /* a person has a new number or a new user id */
    PROVIDER_EVENT_TEMPLATE_STATUS,   /* approved, paused, disabled … */
    PROVIDER_EVENT_TEMPLATE_QUALITY,  /* GREEN, YELLOW, RED */
    PROVIDER_EVENT_TEMPLATE_CATEGORY, /* re-categorised */
    PROVIDER_EVENT_NUMBER_QUALITY,    /* throughput or limit of the number changed */
    PROVIDER_EVENT_ACCOUNT,           /* restricted, disabled, reinstated */
    PROVIDER_EVENT_ACCOUNT_ALERT,     /* words for the operator */
    PROVIDER_EVENT_ERROR,             /* account or number level error without a message */
    PROVIDER_EVENT_IGNORED,           /* known to be of no use, or unknown */
};

enum provider_status {
    PROVIDER_STATUS_SENT = 1,
    PROVIDER_STATUS_DELIVERED = 2,
    PROVIDER_STATUS_READ = 3,
    PROVIDER_STATUS_FAILED = 4,
};

struct provider_failure {
    int64_t code; /* 0 with has_code false = none given */
    bool has_code;
    enum provider_class class;
    int64_t retry_after_ms; /* one careful try after this; 0 = never again */
    struct text title;
    struct text detail;
    struct text advice;
};

enum provider_inbound_type {
    PROVIDER_INBOUND_TEXT,
    PROVIDER_INBOUND_BUTTON,      /* tap on a template's quick reply */
    PROVIDER_INBOUND_INTERACTIVE, /* tap on a reply button or list row */
    PROVIDER_INBOUND_REACTION,
    PROVIDER_INBOUND_MEDIA,
    PROVIDER_INBOUND_OTHER, /* location, contacts, order, unsupported … */
};

enum provider_account_effect {
    PROVIDER_ACCOUNT_NOTHING, /* for the log only */
    PROVIDER_ACCOUNT_HOLD,    /* no business-initiated sending until `until_ms` (0 = open end) */
    PROVIDER_ACCOUNT_RELEASE, /* reinstated */
};

struct provider_event {
    enum provider_event_kind kind;
    uint64_t digest;             /* equal for repeats of the same event, differs otherwise */
    struct text account_id;      /* entry id: the business account */
    struct text phone_number_id; /* the sending number; empty on account level events */
    int64_t at_ms;               /* the provider's time; 0 = none given */

    /* Who it is about; any of them may be empty. */
    struct text phone;   /* wa_id: digits */
    struct text user_id; /* business-scoped */
    struct text name;    /* the person's own profile name */

    /* STATUS and INBOUND */
    struct text provider_id; /* wamid */
    struct text token;       /* our own, when it came back */
    enum provider_status status;
    struct provider_failure failure; /* STATUS failed, ERROR */
    struct text pricing_category;    /* marketing, utility, service …; empty = not said */
    struct text pricing_type;        /* regular, free_customer_service … */
    bool billable;

    /* INBOUND */
    enum provider_inbound_type inbound_type;
    struct text type_name;   /* as sent by the provider: "text", "image", "edit" … */
    struct text body;        /* text, caption, button label or emoji */
    struct text payload;     /* button payload or row id */
    struct text context_id;  /* wamid this one answers; empty = none */
    bool from_advertisement; /* came by a click on an advertisement */

    /* PREFERENCE */
    bool marketing_stopped;

    /* IDENTITY_CHANGED: `phone`/`user_id` are the old ones */
    struct text new_phone;
    struct text new_user_id;

    /* TEMPLATE_… */
    struct text template_id;
    struct text template_name;
    struct text template_language; /* with underscore */
    struct text new_value;         /* status, quality score or category */
    struct text reason;

    /* NUMBER_QUALITY, ACCOUNT, ACCOUNT_ALERT */
    struct text event_name;
    struct text severity;
    struct text description;
    enum provider_account_effect account_effect;
    int64_t until_ms;
    int64_t daily_limit; /* people per day; 0 = not said, -1 = unlimited */
};

struct provider_events {
    struct provider_event *items;
    size_t count;
};
