#pragma once

#include "api/route.h"
#include "service/messages.h"

/* The list of messages as one CSV file: all pages of `filter`. */
MUST_USE enum error_code queue_csv_answer(struct api_call *call, struct store_queue_filter *filter,
                                          struct text phone, struct error *error);
