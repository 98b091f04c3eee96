/* Recognises STOP, START and HELP in many languages. A message is folded first: lower case,
 * accents and other marks dropped, everything that is no letter, mark or digit becomes a space,
 * spaces collapse. The folded whole is looked up in the folded lists, so the lists below may be
 * written as people write. */
#include "domain/consent.h"

enum { FOLDED_MAX = 64 };

static const char *const STOP_WORDS[] = {
    /* English and the carriers' lists */
    "stop",
    "stopall",
    "stop all",
    "unsubscribe",
    "unsubscribe me",
    "cancel",
    "end",
    "quit",
    "optout",
    "opt out",
    "remove",
    "remove me",
    "revoke",
    "td",
    "stop promotions",
    "stop messages",
    "stop it",
    "please stop",
    "stop please",
    "no more messages",
    "stopp",
    /* Spanish */
    "baja",
    "darme de baja",
    "dar de baja",
    "detener",
    "parar",
    "cancelar",
    "salir",
    "desuscribir",
    "desuscribirme",
    "alto",
    "no mas mensajes",
    "cancelar suscripcion",
    /* Portuguese */
    "sair",
    "remover",
    "descadastrar",
    "pare",
    "quero sair",
    "cancelar inscricao",
    /* French */
    "arret",
    "arrêt",
    "arreter",
    "arrêtez",
    "stopper",
    "désabonner",
    "désinscrire",
    "se désabonner",
    "désabonnement",
    /* German, Dutch */
    "abmelden",
    "abbestellen",
    "aufhören",
    "beenden",
    "afmelden",
    "uitschrijven",
    "stoppen",
    /* Italian */
    "cancella",
    "cancellami",
    "disiscrivimi",
    "disiscriviti",
    "annulla",
    "basta",
    "fermare",
    /* Turkish */
    "dur",
    "durdur",
    "iptal",
    "iptal et",
    "abonelikten çık",
    /* Indonesian, Malay */
    "berhenti",
    "batal",
    "henti",
    "berhenti langganan",
    /* Hindi, Marathi, Bengali, Tamil, Telugu, Urdu */
    "band",
    "band karo",
    "band kare",
    "roko",
    "बंद",
    "बंद करो",
    "बंद करें",
    "रोकें",
    "रोको",
    "थांबवा",
    "বন্ধ",
    "বন্ধ করুন",
    "நிறுத்து",
    "நிறுத்தவும்",
    "ఆపు",
    "ఆపండి",
    "بند",
    "بند کرو",
    "بند کریں",
    /* Arabic, Persian, Hebrew */
    "إيقاف",
    "ايقاف",
    "توقف",
    "الغاء",
    "إلغاء",
    "الغاء الاشتراك",
    "إلغاء الاشتراك",
    "لغو",
    "הסר",
    "הסרה",
    "עצור",
    "להסיר",
    /* Russian, Ukrainian, Polish */
    "стоп",
    "отписаться",
    "отписка",
    "отмена",
    "отпишите",
    "хватит",
    "відписатися",
    "скасувати",
    "wypisz",
    "rezygnuję",
    "zatrzymaj",
    /* Greek, Romanian, Czech */
    "διακοπή",
    "σταμάτα",
    "dezabonare",
    "opreste",
    "odhlásit",
    "konec",
    /* Vietnamese, Thai, Swahili, Tagalog */
    "dừng",
    "huỷ",
    "hủy",
    "ngừng",
    "หยุด",
    "ยกเลิก",
    "acha",
    "simama",
    "itigil",
    "tigil",
    /* Chinese, Japanese, Korean */
    "停止",
    "退订",
    "退訂",
    "取消",
    "取消订阅",
    "停止订阅",
    "配信停止",
    "やめる",
    "解除",
    "중지",
    "수신거부",
    "그만",
};

static const char *const START_WORDS[] = {
    "start",       "unstop",     "subscribe",   "resubscribe",
    "resume",      "optin",      "opt in",      "resume promotions",
    "alta",        "iniciar",    "suscribir",   "suscribirme",
    "reanudar",    "cadastrar",  "voltar",      "comecar",
    "début",       "debut",      "reprendre",   "abonner",
    "s abonner",   "anmelden",   "starten",     "aanmelden",
    "inizia",      "iscrivimi",  "riprendi",    "basla",
    "başlat",      "abone ol",   "mulai",       "langganan",
    "shuru",       "shuru karo", "शुरू",          "शुरू करें",
    "शुरू करो",      "চালু",        "தொடங்கு",      "شروع",
    "ابدأ",        "ابدا",       "بدء",         "اشتراك",
    "התחל",        "старт",      "начать",      "подписаться",
    "возобновить", "почати",     "підписатися", "zapisz",
    "wznow",       "έναρξη",     "abonare",     "prihlasit",
    "bắt đầu",     "เริ่ม",        "anza",        "simula",
    "开始",        "開始",       "订阅",        "訂閱",
    "再開",        "시작",       "재개",
};

static const char *const HELP_WORDS[] = {
    "help",    "info",    "help me", "aide",     "ayuda",  "ajuda",   "hilfe",  "aiuto",
    "yardım",  "bantuan", "madad",   "मदद",      "सहायता", "সাহায্য",  "உதவி",   "مدد",
    "مساعدة",  "помощь",  "справка", "допомога", "pomoc",  "βοήθεια", "ajutor", "trợ giúp",
    "ช่วยเหลือ", "msaada",  "tulong",  "帮助",     "幫助",   "ヘルプ",  "도움말", "עזרה",
};

const char *consent_word_to_text(enum consent_word word)
{
    switch (word) {
    case CONSENT_NONE:
        return "none";
    case CONSENT_STOP:
        return "stop";
    case CONSENT_START:
        return "start";
    case CONSENT_HELP:
        return "help";
    }
    return "none";
}

struct folding {
    uint16_t from;
    uint16_t to;       /* last of the range */
    const char *plain; /* one base letter for each code point, or one for all */
};

/* Latin letters with marks that the words above can carry, as their base letters. */
static const struct folding LATIN[] = {
    {0xe0, 0xe5, "aaaaaa"},
    {0xe7, 0xe7, "c"},
    {0xe8, 0xeb, "eeee"},
    {0xec, 0xef, "iiii"},
    {0xf1, 0xf1, "n"},
    {0xf2, 0xf6, "ooooo"},
    {0xf8, 0xf8, "o"},
    {0xf9, 0xfc, "uuuu"},
    {0xfd, 0xfd, "y"},
    {0xff, 0xff, "y"},
    {0x100, 0x105, "aaaaaa"},
    {0x106, 0x10d, "cccccccc"},
    {0x10e, 0x111, "dddd"},
    {0x112, 0x11b, "eeeeeeeeee"},
    {0x11c, 0x123, "gggggggg"},
    {0x128, 0x131, "iiiiiiiiii"},
    {0x139, 0x142, "llllllllll"},
    {0x143, 0x148, "nnnnnn"},
    {0x14c, 0x151, "oooooo"},
    {0x154, 0x159, "rrrrrr"},
    {0x15a, 0x161, "ssssssss"},
    {0x162, 0x167, "tttttt"},
    {0x168, 0x173, "uuuuuuuuuuuu"},
    {0x179, 0x17e, "zzzzzz"},
    {0x1a0, 0x1a1, "oo"},
    {0x1af, 0x1b0, "uu"},
    {0x218, 0x219, "ss"},
    {0x21a, 0x21b, "tt"},
    {0x1ea0, 0x1eb7, "aaaaaaaaaaaaaaaaaaaaaaaa"},
    {0x1eb8, 0x1ec7, "eeeeeeeeeeeeeeee"},
    {0x1ec8, 0x1ecb, "iiii"},
    {0x1ecc, 0x1ee3, "oooooooooooooooooooooooo"},
    {0x1ee4, 0x1ef1, "uuuuuuuuuuuuuu"},
    {0x1ef2, 0x1ef9, "yyyyyyyy"},
};

/* Greek vowels with accents, lower case, and their base letters. */
static uint32_t fold_greek(uint32_t point)
{
    switch (point) {
    case 0x386:
    case 0x3ac:
        return 0x3b1;
    case 0x388:
    case 0x3ad:
        return 0x3b5;
    case 0x389:
    case 0x3ae:
        return 0x3b7;
    case 0x38a:
    case 0x3af:
        return 0x3b9;
    case 0x38c:
    case 0x3cc:
        return 0x3bf;
    case 0x38e:
    case 0x3cd:
        return 0x3c5;
    case 0x38f:
    case 0x3ce:
        return 0x3c9;
    case 0x3c2:
        return 0x3c3; /* final sigma */
    default:
        return point >= 0x391 && point <= 0x3a9 ? point + 0x20 : point;
    }
}

static uint32_t fold_cyrillic(uint32_t point)
{
    if (point >= 0x410 && point <= 0x42f) {
        point += 0x20;
    } else if (point >= 0x400 && point <= 0x40f) {
        point += 0x50;
    }
    return point == 0x451 ? 0x435 : point; /* ё as е */
}

static uint32_t fold_arabic(uint32_t point)
{
    switch (point) {
    case 0x622:
    case 0x623:
    case 0x625:
    case 0x671:
        return 0x627; /* alef with anything */
    case 0x629:
        return 0x647; /* teh marbuta as heh */
    case 0x649:
    case 0x6cc:
        return 0x64a; /* both other spellings of yeh */
    case 0x6a9:
        return 0x643; /* keheh as kaf */
    default:
        return point;
    }
}

/* Marks that stand on a letter and may be left out: accents, Arabic vowels, joiners. */
static bool is_dropped(uint32_t point)
{
    return (point >= 0x300 && point <= 0x36f) || (point >= 0x64b && point <= 0x65f) ||
           point == 0x640 || point == 0x670 || (point >= 0x591 && point <= 0x5c7) ||
           (point >= 0x200b && point <= 0x200f) || point == 0x2060 || point == 0xfeff ||
           (point >= 0xfe00 && point <= 0xfe0f) || point == 0xad;
}

/* Letters, marks and digits of the scripts above; the rest separates words. */
static bool is_word(uint32_t point)
{
    if (point < 0x80) {
        return (point >= 'a' && point <= 'z') || (point >= '0' && point <= '9');
    }
    bool stop_mark = point == 0x37e || point == 0x387 || point == 0x60c || point == 0x61b ||
                     point == 0x61f || point == 0x6d4 || point == 0x964 || point == 0x965;
    if (stop_mark) {
        return false;
    }
    return point == 0xdf || point == 0xe6 || point == 0xfe || point == 0xf0 ||
           (point >= 0x180 && point <= 0x2af) || (point >= 0x370 && point <= 0x1fff) ||
           (point >= 0x3041 && point <= 0x30ff) || (point >= 0x3400 && point <= 0x9fff) ||
           (point >= 0xac00 && point <= 0xd7a3);
}

static uint32_t fold_latin(uint32_t point)
{
    if (point >= 0xc0 && point <= 0xde && point != 0xd7) {
        point += 0x20;
    }
    for (size_t i = 0; i < ARRAY_SIZE(LATIN); i++) {
        if (point >= LATIN[i].from && point <= LATIN[i].to) {
            return (uint32_t)(unsigned char)LATIN[i].plain[point - LATIN[i].from];
        }
    }
    return point;
}

static uint32_t fold(uint32_t point)
{
    if (point >= 0xff01 && point <= 0xff5e) {
        point -= 0xfee0; /* full-width forms of ASCII */
    }
    if (point < 0x80) {
        return point >= 'A' && point <= 'Z' ? point + ('a' - 'A') : point;
    }
    if (point < 0x250 || (point >= 0x1ea0 && point <= 0x1ef9)) {
        return fold_latin(point);
    }
    if (point >= 0x370 && point < 0x400) {
        return fold_greek(point);
    }
    if (point >= 0x400 && point < 0x530) {
        return fold_cyrillic(point);
    }
    return point >= 0x600 && point < 0x700 ? fold_arabic(point) : point;
}

struct folded {
    uint16_t points[FOLDED_MAX];
    size_t count;
};

/* False when the text is longer than any word of the lists, or no UTF-8. */
static bool fold_text(struct text text, struct folded *ret_folded)
{
    size_t count = 0;
    bool space = false;
    while (text.size > 0) {
        uint32_t point = 0;
        if (!text_next_code_point(&text, &point)) {
            return false;
        }
        if (is_dropped(point)) {
            continue;
        }
        point = fold(point);
        if (!is_word(point)) {
            space = count > 0;
            continue;
        }
        if (count + (space ? 2 : 1) > FOLDED_MAX) {
            return false;
        }
        if (space) {
            ret_folded->points[count++] = ' ';
            space = false;
        }
        ret_folded->points[count++] = (uint16_t)point;
    }
    ret_folded->count = count;
    return true;
}

static bool same(const struct folded *a, struct text word)
{
    struct folded b;
    return fold_text(word, &b) && a->count == b.count && a->count > 0 &&
           memcmp(a->points, b.points, a->count * sizeof(a->points[0])) == 0;
}

static bool in_list(const struct folded *folded, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (same(folded, text_from(words[i]))) {
            return true;
        }
    }
    return false;
}

static bool in_extra(const struct folded *folded, const struct text *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (same(folded, words[i])) {
            return true;
        }
    }
    return false;
}

enum consent_word consent_of_text(struct text message, const struct consent_words *extra)
{
    struct folded folded;
    /* Long messages, the common case, end here before any list is walked. */
    if (!fold_text(message, &folded) || folded.count == 0) {
        return CONSENT_NONE;
    }
    if (in_list(&folded, STOP_WORDS, ARRAY_SIZE(STOP_WORDS)) ||
        (extra != NULL && in_extra(&folded, extra->stop, extra->stop_count))) {
        return CONSENT_STOP;
    }
    if (in_list(&folded, START_WORDS, ARRAY_SIZE(START_WORDS)) ||
        (extra != NULL && in_extra(&folded, extra->start, extra->start_count))) {
        return CONSENT_START;
    }
    if (in_list(&folded, HELP_WORDS, ARRAY_SIZE(HELP_WORDS)) ||
        (extra != NULL && in_extra(&folded, extra->help, extra->help_count))) {
        return CONSENT_HELP;
    }
    return CONSENT_NONE;
}

enum consent_word consent_of_button(struct text payload, struct text label,
                                    const struct consent_words *extra)
{
    enum consent_word word = consent_of_text(payload, extra);
    return word != CONSENT_NONE ? word : consent_of_text(label, extra);
}

/* Short words of these lists are ordinary in a sentence ("end", "dur", "pare"): only the words
 * that senders print in capitals or quote count inside a longer text. */
bool consent_mentions_stop(struct text text)
{
    static const char *const TELLING[] = {
        "stop",     "unsubscribe", "stopall",  "optout",       "baja",       "detener",
        "salir",    "parar",       "sair",     "descadastrar", "arret",      "stopp",
        "abmelden", "afmelden",    "cancella", "disiscrivimi", "iptal",      "berhenti",
        "बंद",       "إيقاف",       "توقف",     "стоп",         "отписаться", "stop promotions",
        "opt out",  "退订",        "停止",     "配信停止",     "수신거부",
    };
    struct text rest = text;
    while (rest.size > 0) {
        /* Cut the next word: up to white space or ASCII punctuation. */
        size_t size = 0;
        while (size < rest.size && strchr(" \t\r\n\"'`*_~.,;:!?()[]<>/", rest.data[size]) == NULL) {
            size++;
        }
        struct folded word;
        if (size > 0 && fold_text(text_head(rest, size), &word) &&
            in_list(&word, TELLING, ARRAY_SIZE(TELLING))) {
            return true;
        }
        rest = text_skip(rest, size < rest.size ? size + 1 : size);
    }
    return false;
}
