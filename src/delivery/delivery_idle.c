/* Words for why nothing leaves: see delivery.h. */
#include "delivery/delivery.h"

static const struct {
    const char *word;
    const char *sentence;
} WORDS[] = {
    [DELIVERY_BUSY] = {"busy", "Messages are on their way."},
    [DELIVERY_NOTHING_DUE] = {"nothing_due", "No message is due at this moment."},
    [DELIVERY_NO_CHANNEL] = {"no_channel",
                             "There is no channel to send with. Add a WhatsApp number "
                             "or the simulator."},
    [DELIVERY_CHANNEL_PAUSED] = {"channel_paused", "Messages are due, but their channel is paused "
                                                   "or held."},
    [DELIVERY_RATE] = {"rate", "The channel sends as fast as it may."},
    [DELIVERY_PAUSED] = {"paused", "Somebody paused all sending in the settings."},
    [DELIVERY_CLOCK] = {"clock", "The machine's clock jumped. Sending waits until it is confirmed "
                                 "or has been steady for ten minutes."},
    [DELIVERY_FENCED] = {"fenced", "The data was restored from a backup. Sending waits until "
                                   "somebody decides about the messages that may have been sent "
                                   "since."},
    [DELIVERY_STORE] = {"store", "The database does not take writes at this moment."},
    [DELIVERY_STOPPED] = {"stopped", "Sending has stopped."},
};

const char *delivery_idle_to_text(enum delivery_idle idle)
{
    return WORDS[idle].word;
}

const char *delivery_idle_sentence(enum delivery_idle idle)
{
    return WORDS[idle].sentence;
}
