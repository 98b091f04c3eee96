/* What the pages for people outside say, in five languages. */
#include "pages/page.h"

static const char *const WORDS[PAGE_WORD_COUNT][PAGE_LANGUAGE_COUNT] = {
    [WORD_FROM] = {"Messages from {} on WhatsApp", "Mensajes de {} por WhatsApp",
                   "Mensagens de {} pelo WhatsApp", "WhatsApp पर {} के संदेश",
                   "رسائل من {} عبر واتساب"},
    [WORD_PHONE] = {"WhatsApp number", "Número de WhatsApp", "Número do WhatsApp", "WhatsApp नंबर",
                    "رقم واتساب"},
    [WORD_PHONE_HINT] = {"With country code, like +44 7911 123456",
                         "Con el código de país, como +34 612 34 56 78",
                         "Com o código do país, como +55 11 96123-4567",
                         "देश कोड के साथ, जैसे +91 98765 43210", "مع رمز الدولة، مثل +20 100 123 4567"},
    [WORD_NAME] = {"Name", "Nombre", "Nome", "नाम", "الاسم"},
    [WORD_OPTIONAL] = {"optional", "opcional", "opcional", "वैकल्पिक", "اختياري"},
    [WORD_CONSENT] =
        {"I agree to get messages from {} on WhatsApp. I can stop them at any time by replying "
         "STOP.",
         "Acepto recibir mensajes de {} por WhatsApp. Puedo dejar de recibirlos en cualquier "
         "momento respondiendo BAJA.",
         "Aceito receber mensagens de {} pelo WhatsApp. Posso parar a qualquer momento respondendo "
         "SAIR.",
         "मैं WhatsApp पर {} से संदेश पाने के लिए सहमत हूँ। मैं कभी भी STOP लिखकर इन्हें बंद कर सकता/सकती हूँ।",
         "أوافق على تلقي رسائل من {} عبر واتساب. يمكنني إيقافها في أي وقت بالرد بكلمة إيقاف."},
    [WORD_SUBMIT] = {"Sign up", "Suscribirme", "Inscrever-me", "साइन अप करें", "اشتراك"},
    [WORD_TRAP] = {"Leave this field empty", "Deje este campo vacío", "Deixe este campo vazio",
                   "इस फ़ील्ड को खाली छोड़ें", "اترك هذا الحقل فارغًا"},
    [WORD_DONE_TITLE] = {"Thank you", "Gracias", "Obrigado", "धन्यवाद", "شكرًا لك"},
    [WORD_DONE] =
        {"We got your details. If this number can get messages from {}, they will arrive "
         "on WhatsApp.",
         "Recibimos sus datos. Si este número puede recibir mensajes de {}, llegarán por "
         "WhatsApp.",
         "Recebemos os seus dados. Se este número puder receber mensagens de {}, elas "
         "chegarão pelo WhatsApp.",
         "हमें आपकी जानकारी मिल गई। अगर इस नंबर पर {} के संदेश भेजे जा सकते हैं, तो वे WhatsApp पर आएँगे।",
         "تلقينا بياناتك. إذا كان بالإمكان إرسال رسائل {} إلى هذا الرقم فستصلك عبر واتساب."},
    [WORD_CONFIRM_TITLE] = {"One more step", "Un paso más", "Só mais um passo", "एक कदम और",
                            "خطوة أخيرة"},
    [WORD_CONFIRM] =
        {"Confirm that this number is yours: send {} this message on WhatsApp, from that number, "
         "within a week.",
         "Confirme que este número es suyo: envíe a {} este mensaje por WhatsApp, desde ese "
         "número, en el plazo de una semana.",
         "Confirme que este número é seu: envie a {} esta mensagem pelo WhatsApp, a partir desse "
         "número, dentro de uma semana.",
         "पुष्टि करें कि यह नंबर आपका है: एक हफ़्ते के अंदर इसी नंबर से WhatsApp पर {} को यह संदेश भेजें।",
         "أكّد أن هذا الرقم لك: أرسل هذه الرسالة إلى {} عبر واتساب من الرقم نفسه خلال أسبوع."},
    [WORD_CONFIRM_OPEN] = {"Open WhatsApp", "Abrir WhatsApp", "Abrir o WhatsApp", "WhatsApp खोलें",
                           "فتح واتساب"},
    [WORD_BAD_PHONE] = {"This is not a number that WhatsApp can reach. Check it, with its country "
                        "code.",
                        "WhatsApp no puede llegar a este número. Revíselo, con su código de país.",
                        "O WhatsApp não alcança este número. Confira-o, com o código do país.",
                        "WhatsApp इस नंबर तक नहीं पहुँच सकता। देश कोड के साथ इसे जाँचें।",
                        "لا يمكن لواتساب الوصول إلى هذا الرقم. تحقق منه ومن رمز الدولة."},
    [WORD_BAD_CONSENT] = {"Please tick the box to agree.", "Marque la casilla para aceptar.",
                          "Marque a caixa para aceitar.", "सहमति के लिए कृपया बॉक्स पर टिक करें।",
                          "يرجى وضع علامة في المربع للموافقة."},
    [WORD_BAD_NAME] = {"This name is too long.", "Este nombre es demasiado largo.",
                       "Este nome é longo demais.", "यह नाम बहुत लंबा है।", "هذا الاسم طويل جدًا."},
    [WORD_TOO_MANY] = {"Too many tries. Please wait a while and try again.",
                       "Demasiados intentos. Espere un poco e inténtelo de nuevo.",
                       "Tentativas demais. Aguarde um pouco e tente de novo.",
                       "बहुत ज़्यादा कोशिशें हुईं। थोड़ी देर बाद फिर कोशिश करें।",
                       "محاولات كثيرة جدًا. انتظر قليلًا ثم حاول مرة أخرى."},
    [WORD_STOP_TITLE] = {"Stop messages?", "¿Dejar de recibir mensajes?", "Parar as mensagens?",
                         "संदेश बंद करें?", "إيقاف الرسائل؟"},
    [WORD_STOP] = {"You will get no more messages from {} on WhatsApp.",
                   "Ya no recibirá mensajes de {} por WhatsApp.",
                   "Você não receberá mais mensagens de {} pelo WhatsApp.",
                   "आपको WhatsApp पर {} से और संदेश नहीं मिलेंगे।",
                   "لن تتلقى أي رسائل أخرى من {} عبر واتساب."},
    [WORD_STOP_SUBMIT] = {"Stop messages", "Dejar de recibir mensajes", "Parar as mensagens",
                          "संदेश बंद करें", "إيقاف الرسائل"},
    [WORD_STOPPED_TITLE] = {"Messages stopped", "Mensajes detenidos", "Mensagens interrompidas",
                            "संदेश बंद हो गए", "تم إيقاف الرسائل"},
    [WORD_STOPPED] = {"You will get no more messages from {}. To get them again, reply START on "
                      "WhatsApp.",
                      "Ya no recibirá mensajes de {}. Para volver a recibirlos, responda ALTA por "
                      "WhatsApp.",
                      "Você não receberá mais mensagens de {}. Para voltar a recebê-las, responda "
                      "VOLTAR no WhatsApp.",
                      "आपको {} से और संदेश नहीं मिलेंगे। फिर से पाने के लिए WhatsApp पर START लिखकर भेजें।",
                      "لن تتلقى أي رسائل أخرى من {}. لتلقيها مجددًا أرسل كلمة اشتراك عبر واتساب."},
    [WORD_GONE_TITLE] = {"This link does not work", "Este enlace no funciona",
                         "Este link não funciona", "यह लिंक काम नहीं करता", "هذا الرابط لا يعمل"},
    [WORD_GONE] = {"It may be incomplete or no longer in use.",
                   "Puede estar incompleto o ya no estar en uso.",
                   "Ele pode estar incompleto ou não ser mais usado.",
                   "हो सकता है कि यह अधूरा हो या अब इस्तेमाल में न हो।",
                   "قد يكون غير مكتمل أو لم يعد مستخدمًا."},
};

const char *page_word(enum page_language language, enum page_word word)
{
    return WORDS[word][language];
}
