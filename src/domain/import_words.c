/* Which words people write above their columns. Heads are compared as keys: lower case, without
 * accents, spaces and punctuation, so "Phone No." and "phone_no" are one. Languages: those of the
 * countries with most WhatsApp users. */
#include "domain/import_internal.h"

#include "base/buffer.h"

struct word {
    enum import_field field;
    const char *key;
};

static const struct word WORDS[] = {
    {IMPORT_PHONE, "phone"},
    {IMPORT_PHONE, "phones"},
    {IMPORT_PHONE, "phonenumber"},
    {IMPORT_PHONE, "phoneno"},
    {IMPORT_PHONE, "phonenr"},
    {IMPORT_PHONE, "contactphone"},
    {IMPORT_PHONE, "customerphone"},
    {IMPORT_PHONE, "primaryphone"},
    {IMPORT_PHONE, "mobile"},
    {IMPORT_PHONE, "mobilephone"},
    {IMPORT_PHONE, "mobilenumber"},
    {IMPORT_PHONE, "mobileno"},
    {IMPORT_PHONE, "mob"},
    {IMPORT_PHONE, "mobno"},
    {IMPORT_PHONE, "cell"},
    {IMPORT_PHONE, "cellphone"},
    {IMPORT_PHONE, "cellnumber"},
    {IMPORT_PHONE, "contactnumber"},
    {IMPORT_PHONE, "contactno"},
    {IMPORT_PHONE, "number"},
    {IMPORT_PHONE, "msisdn"},
    {IMPORT_PHONE, "whatsapp"},
    {IMPORT_PHONE, "whatsappnumber"},
    {IMPORT_PHONE, "whatsappno"},
    {IMPORT_PHONE, "whatsappphone"},
    {IMPORT_PHONE, "whatsappid"},
    {IMPORT_PHONE, "wa"},
    {IMPORT_PHONE, "wanumber"},
    {IMPORT_PHONE, "waid"},
    {IMPORT_PHONE, "wano"},
    {IMPORT_PHONE, "tel"},
    {IMPORT_PHONE, "telno"},
    {IMPORT_PHONE, "telephone"},
    {IMPORT_PHONE, "telephonenumber"},
    {IMPORT_PHONE, "to"},
    {IMPORT_PHONE, "phone1value"},  /* Google contacts */
    {IMPORT_PHONE, "mobilephone1"}, /* Outlook */
    {IMPORT_PHONE, "telefono"},     /* Spanish, Italian */
    {IMPORT_PHONE, "telefonomovil"},
    {IMPORT_PHONE, "movil"},
    {IMPORT_PHONE, "celular"},
    {IMPORT_PHONE, "numero"},
    {IMPORT_PHONE, "numerodetelefono"},
    {IMPORT_PHONE, "numerodecelular"},
    {IMPORT_PHONE, "numerodewhatsapp"},
    {IMPORT_PHONE, "telefone"}, /* Portuguese */
    {IMPORT_PHONE, "numerodotelefone"},
    {IMPORT_PHONE, "numerodetelefone"},
    {IMPORT_PHONE, "telemovel"},
    {IMPORT_PHONE, "fone"},
    {IMPORT_PHONE, "cellulare"},
    {IMPORT_PHONE, "numeroditelefono"},
    {IMPORT_PHONE, "portable"}, /* French */
    {IMPORT_PHONE, "telephoneportable"},
    {IMPORT_PHONE, "numerodetelephone"},
    {IMPORT_PHONE, "telefon"}, /* German, Polish, Turkish, Romanian, Swedish */
    {IMPORT_PHONE, "telefonnummer"},
    {IMPORT_PHONE, "telefonnr"},
    {IMPORT_PHONE, "handy"},
    {IMPORT_PHONE, "handynummer"},
    {IMPORT_PHONE, "mobil"},
    {IMPORT_PHONE, "mobiltelefon"},
    {IMPORT_PHONE, "mobilnummer"},
    {IMPORT_PHONE, "rufnummer"},
    {IMPORT_PHONE, "nummer"},
    {IMPORT_PHONE, "telefoon"}, /* Dutch */
    {IMPORT_PHONE, "telefoonnummer"},
    {IMPORT_PHONE, "mobiel"},
    {IMPORT_PHONE, "telefonnumarası"},
    {IMPORT_PHONE, "telefonnumarasi"},
    {IMPORT_PHONE, "ceptelefonu"},
    {IMPORT_PHONE, "cep"},
    {IMPORT_PHONE, "gsm"},
    {IMPORT_PHONE, "numertelefonu"},
    {IMPORT_PHONE, "komorka"},
    {IMPORT_PHONE, "telepon"}, /* Indonesian, Malay */
    {IMPORT_PHONE, "nomortelepon"},
    {IMPORT_PHONE, "notelepon"},
    {IMPORT_PHONE, "nohp"},
    {IMPORT_PHONE, "nomorhp"},
    {IMPORT_PHONE, "hp"},
    {IMPORT_PHONE, "nowa"},
    {IMPORT_PHONE, "nomorwa"},
    {IMPORT_PHONE, "notelefon"},
    {IMPORT_PHONE, "nomborteleton"},
    {IMPORT_PHONE, "simu"}, /* Swahili */
    {IMPORT_PHONE, "nambayasimu"},
    {IMPORT_PHONE, "dienthoai"},
    {IMPORT_PHONE, "sodienthoai"},
    {IMPORT_PHONE, "телефон"},
    {IMPORT_PHONE, "номер"},
    {IMPORT_PHONE, "номертелефона"},
    {IMPORT_PHONE, "номертелефону"},
    {IMPORT_PHONE, "мобильный"},
    {IMPORT_PHONE, "мобильныйтелефон"},
    {IMPORT_PHONE, "फ़ोन"},
    {IMPORT_PHONE, "फोन"},
    {IMPORT_PHONE, "फ़ोननंबर"},
    {IMPORT_PHONE, "फोननंबर"},
    {IMPORT_PHONE, "मोबाइल"},
    {IMPORT_PHONE, "मोबाइलनंबर"},
    {IMPORT_PHONE, "मोबाईल"},
    {IMPORT_PHONE, "मोबाईलनंबर"},
    {IMPORT_PHONE, "व्हाट्सएप"},
    {IMPORT_PHONE, "ফোন"},
    {IMPORT_PHONE, "মোবাইল"},
    {IMPORT_PHONE, "மொபைல்"},
    {IMPORT_PHONE, "தொலைபேசி"},
    {IMPORT_PHONE, "ఫోన్"},
    {IMPORT_PHONE, "ફોન"},
    {IMPORT_PHONE, "ಫೋನ್"},
    {IMPORT_PHONE, "هاتف"},
    {IMPORT_PHONE, "الهاتف"},
    {IMPORT_PHONE, "رقمالهاتف"},
    {IMPORT_PHONE, "جوال"},
    {IMPORT_PHONE, "الجوال"},
    {IMPORT_PHONE, "رقمالجوال"},
    {IMPORT_PHONE, "موبايل"},
    {IMPORT_PHONE, "واتساب"},
    {IMPORT_PHONE, "فون"},
    {IMPORT_PHONE, "موبائل"},
    {IMPORT_PHONE, "تلفن"},
    {IMPORT_PHONE, "شمارهتلفن"},
    {IMPORT_PHONE, "موبایل"},
    {IMPORT_PHONE, "טלפון"},
    {IMPORT_PHONE, "נייד"},
    {IMPORT_PHONE, "电话"},
    {IMPORT_PHONE, "手机"},
    {IMPORT_PHONE, "手机号"},
    {IMPORT_PHONE, "電話"},
    {IMPORT_PHONE, "電話番号"},
    {IMPORT_PHONE, "전화번호"},
    {IMPORT_PHONE, "เบอร์โทร"},

    {IMPORT_NAME, "name"},
    {IMPORT_NAME, "fullname"},
    {IMPORT_NAME, "contactname"},
    {IMPORT_NAME, "customername"},
    {IMPORT_NAME, "displayname"},
    {IMPORT_NAME, "customer"},
    {IMPORT_NAME, "nombre"},
    {IMPORT_NAME, "nombrecompleto"},
    {IMPORT_NAME, "nome"},
    {IMPORT_NAME, "nomecompleto"},
    {IMPORT_NAME, "nomcomplet"},
    {IMPORT_NAME, "naam"},
    {IMPORT_NAME, "vollername"},
    {IMPORT_NAME, "namalengkap"},
    {IMPORT_NAME, "nama"},
    {IMPORT_NAME, "jina"},
    {IMPORT_NAME, "ad"},
    {IMPORT_NAME, "adsoyad"},
    {IMPORT_NAME, "isim"},
    {IMPORT_NAME, "imieinazwisko"},
    {IMPORT_NAME, "nume"},
    {IMPORT_NAME, "hoten"},
    {IMPORT_NAME, "имя"},
    {IMPORT_NAME, "фио"},
    {IMPORT_NAME, "नाम"},
    {IMPORT_NAME, "नाव"},
    {IMPORT_NAME, "নাম"},
    {IMPORT_NAME, "பெயர்"},
    {IMPORT_NAME, "పేరు"},
    {IMPORT_NAME, "નામ"},
    {IMPORT_NAME, "ಹೆಸರು"},
    {IMPORT_NAME, "الاسم"},
    {IMPORT_NAME, "اسم"},
    {IMPORT_NAME, "نام"},
    {IMPORT_NAME, "שם"},
    {IMPORT_NAME, "姓名"},
    {IMPORT_NAME, "名前"},
    {IMPORT_NAME, "이름"},
    {IMPORT_NAME, "ชื่อ"},

    {IMPORT_FIRST_NAME, "firstname"},
    {IMPORT_FIRST_NAME, "first"},
    {IMPORT_FIRST_NAME, "fname"},
    {IMPORT_FIRST_NAME, "givenname"},
    {IMPORT_FIRST_NAME, "forename"},
    {IMPORT_FIRST_NAME, "primernombre"},
    {IMPORT_FIRST_NAME, "prenom"},
    {IMPORT_FIRST_NAME, "vorname"},
    {IMPORT_FIRST_NAME, "voornaam"},
    {IMPORT_FIRST_NAME, "primeironome"},
    {IMPORT_FIRST_NAME, "namadepan"},
    {IMPORT_FIRST_NAME, "imie"},
    {IMPORT_FIRST_NAME, "prenume"},

    {IMPORT_LAST_NAME, "lastname"},
    {IMPORT_LAST_NAME, "last"},
    {IMPORT_LAST_NAME, "lname"},
    {IMPORT_LAST_NAME, "surname"},
    {IMPORT_LAST_NAME, "nom"},
    {IMPORT_LAST_NAME, "familyname"},
    {IMPORT_LAST_NAME, "apellido"},
    {IMPORT_LAST_NAME, "apellidos"},
    {IMPORT_LAST_NAME, "sobrenome"},
    {IMPORT_LAST_NAME, "cognome"},
    {IMPORT_LAST_NAME, "nomdefamille"},
    {IMPORT_LAST_NAME, "nachname"},
    {IMPORT_LAST_NAME, "achternaam"},
    {IMPORT_LAST_NAME, "soyad"},
    {IMPORT_LAST_NAME, "soyadi"},
    {IMPORT_LAST_NAME, "nazwisko"},
    {IMPORT_LAST_NAME, "namabelakang"},
    {IMPORT_LAST_NAME, "фамилия"},

    {IMPORT_TIMEZONE, "timezone"},
    {IMPORT_TIMEZONE, "tz"},
    {IMPORT_TIMEZONE, "zonahoraria"},
    {IMPORT_TIMEZONE, "fusohorario"},
    {IMPORT_TIMEZONE, "fuseauhoraire"},
    {IMPORT_TIMEZONE, "zeitzone"},
    {IMPORT_TIMEZONE, "zonawaktu"},

    {IMPORT_COUNTRY, "phonecountry"},
    {IMPORT_COUNTRY, "countryiso"},
    {IMPORT_COUNTRY, "defaultcountry"},

    {IMPORT_START_DAY, "startday"},
    {IMPORT_START_DAY, "startatday"},
    {IMPORT_CURRENT_DAY, "currentday"},
    {IMPORT_ENROLLED_AT, "enrolledat"},
    {IMPORT_ENROLLED_AT, "enrolldate"},
    {IMPORT_ENROLLED_AT, "enrolledon"},
};

/* U+00E0 to U+00FF without their accents; 0 keeps the character. */
static const char BASE[32] = {
    'a', 'a', 'a', 'a', 'a', 'a', 0,   'c', 'e', 'e', 'e', 'e', 'i', 'i', 'i', 'i',
    0,   'n', 'o', 'o', 'o', 'o', 'o', 0,   'o', 'u', 'u', 'u', 'u', 'y', 0,   'y',
};

static uint32_t simple_lower(uint32_t point)
{
    if ((point >= 'A' && point <= 'Z') || (point >= 0xc0 && point <= 0xde && point != 0xd7) ||
        (point >= 0x0391 && point <= 0x03a9) || (point >= 0x0410 && point <= 0x042f)) {
        return point + 32;
    }
    if (point >= 0x0400 && point <= 0x040f) {
        return point + 80;
    }
    if (point >= 0x0100 && point <= 0x0177 && point != 0x0130 && point != 0x0138) {
        bool odd_is_lower = point < 0x0139 || point > 0x0148;
        return odd_is_lower ? point | 1 : point + (point & 1);
    }
    return point;
}

static uint32_t without_accent(uint32_t point)
{
    if (point >= 0xe0 && point <= 0xff && BASE[point - 0xe0] != 0) {
        return (uint32_t)BASE[point - 0xe0];
    }
    switch (point) {
    case 0x0103:
    case 0x0105:
        return 'a';
    case 0x0107:
    case 0x010d:
        return 'c';
    case 0x0119:
    case 0x011b:
        return 'e';
    case 0x011f:
        return 'g';
    case 0x0130:
    case 0x0131:
        return 'i';
    case 0x0142:
        return 'l';
    case 0x0144:
        return 'n';
    case 0x015b:
    case 0x015f:
    case 0x0219:
        return 's';
    case 0x0163:
    case 0x021b:
        return 't';
    default:
        return point;
    }
}

static bool is_word_character(uint32_t point)
{
    return (point >= '0' && point <= '9') || (point >= 'a' && point <= 'z') ||
           (point >= 0xaa && point != 0xd7 && point != 0xf7 &&
            !(point >= 0x2000 && point <= 0x206f) && point != 0xab && point != 0xb7 &&
            point != 0xbb && point != 0xbf && point != 0xb0 && point != 0xba && point != 0xfeff &&
            !(point >= 0x3000 && point <= 0x303f));
}

static void add_code_point(struct buffer *buffer, struct text before, struct text after,
                           uint32_t point, uint32_t original)
{
    if (point < 0x80) {
        buffer_add_byte(buffer, (char)point);
    } else if (point == original) {
        buffer_add(buffer, before.data, before.size - after.size);
    } else if (point < 0x800) {
        buffer_add_byte(buffer, (char)(0xc0 | point >> 6));
        buffer_add_byte(buffer, (char)(0x80 | (point & 0x3f)));
    }
}

/* Lower case; `joint` stands for each run of what is no letter or digit; 0 drops it. */
static void fold(struct buffer *out, struct text head, char joint, bool accents)
{
    bool gap = false;
    while (head.size > 0) {
        struct text before = head;
        uint32_t original = 0;
        if (!text_next_code_point(&head, &original)) {
            head = text_skip(head, 1);
            continue;
        }
        uint32_t point = simple_lower(original);
        point = accents ? point : without_accent(point);
        if (!accents && point >= 0x0300 && point <= 0x036f) {
            continue;
        }
        if (!is_word_character(point)) {
            gap = true;
            continue;
        }
        if (gap && joint != 0 && out->size > 0) {
            buffer_add_byte(out, joint);
        }
        gap = false;
        add_code_point(out, before, head, point, original);
    }
}

bool import_word_find(struct text head, enum import_field *ret_field)
{
    CLEANUP_IN_PLACE(buffer_done) struct buffer key;
    buffer_init(&key, 256);
    fold(&key, text_at_most(head, 200), 0, false);
    for (size_t i = 0; i < ARRAY_SIZE(WORDS); i++) {
        if (text_equal(buffer_text(&key), text_from(WORDS[i].key))) {
            *ret_field = WORDS[i].field;
            return true;
        }
    }
    return false;
}

bool import_heads_equal(struct text a, struct text b)
{
    CLEANUP_IN_PLACE(buffer_done) struct buffer first;
    CLEANUP_IN_PLACE(buffer_done) struct buffer second;
    buffer_init(&first, 256);
    buffer_init(&second, 256);
    fold(&first, text_at_most(a, 200), 0, false);
    fold(&second, text_at_most(b, 200), 0, false);
    return first.size > 0 && text_equal(buffer_text(&first), buffer_text(&second));
}

struct text import_field_name(struct arena *arena, struct text head)
{
    CLEANUP_IN_PLACE(buffer_done) struct buffer name;
    buffer_init(&name, 256);
    fold(&name, text_at_most(text_trim(head), 60), '_', true);
    return arena_text(arena, buffer_text(&name));
}
