#pragma once

#include "provider/provider.h"

/* The codec of Meta's WhatsApp Cloud API. Reach it through provider_find(). */
extern const struct provider PROVIDER_CLOUD_CODEC;
