/* fault.h - why a code is refused. One list: the name is stable (logs, `packctl scan explain`), the
 * sentence is for people. */
#ifndef PACKD_CODES_FAULT_H
#define PACKD_CODES_FAULT_H

#define CODE_FAULT_LIST(X)                                                                         \
    X(CODE_OK, "ok", "nothing is wrong")                                                           \
    X(CODE_EMPTY, "empty", "there is nothing in the code")                                         \
    X(CODE_CONTROL, "control_character", "a control character other than GS is in the code")       \
    X(CODE_NOT_UTF8, "not_utf8", "the bytes are not text")                                         \
    X(CODE_SYMBOLOGY, "unknown_symbology", "the symbology identifier does not exist")              \
    X(CODE_ADD_ON, "add_on", "an add-on without the code it belongs to")                           \
    X(CODE_TOO_LONG, "too_long", "the code is longer than any code the bench reads")               \
    X(CODE_DIGITS, "wrong_digit_count", "the number of digits does not fit the symbology")         \
    X(CODE_NOT_DIGITS, "not_digits", "something other than a digit stands where digits belong")    \
    X(CODE_CHECK_DIGIT, "check_digit", "the check digit is wrong")                                 \
    X(CODE_ZEROS, "all_zeros", "the number is all zeros")                                          \
    X(CODE_EITHER, "ean8_or_upce",                                                                 \
      "eight digits that are an EAN-8 and a UPC-E: which is not said")                             \
    X(CODE_AI_UNKNOWN, "ai_unknown", "no such application identifier")                             \
    X(CODE_AI_CUT, "ai_cut", "the code ends inside an application identifier")                     \
    X(CODE_VALUE_EMPTY, "value_empty", "the value is empty")                                       \
    X(CODE_VALUE_SHORT, "value_short", "the value is too short")                                   \
    X(CODE_VALUE_LONG, "value_long", "the value is too long")                                      \
    X(CODE_CHARACTER, "character", "a character that this value may not hold")                     \
    X(CODE_SEPARATOR, "separator", "a separator where none may stand")                             \
    X(CODE_CHECK_CHARACTERS, "check_characters", "the check characters are wrong")                 \
    X(CODE_PREFIX, "company_prefix", "no company prefix begins like that")                         \
    X(CODE_DATE, "date", "no such date")                                                           \
    X(CODE_TIME, "time", "no such time of day")                                                    \
    X(CODE_COUNTRY, "country", "no such country")                                                  \
    X(CODE_CURRENCY, "currency", "no such currency")                                               \
    X(CODE_IBAN, "iban", "not a valid bank account number")                                        \
    X(CODE_PERCENT, "percent_encoding", "percent sign without two hexadecimal digits")             \
    X(CODE_CHOICE, "choice", "not one of the values allowed here")                                 \
    X(CODE_ZERO, "zero", "a zero where it is not allowed, or something else where it must be")     \
    X(CODE_PIECE, "piece_of_total", "piece and total do not agree")                                \
    X(CODE_POSITION, "position", "the place on earth does not exist")                              \
    X(CODE_COUPON, "coupon", "the coupon's structure is wrong")                                    \
    X(CODE_REPEATED, "repeated", "one application identifier twice, with different values")        \
    X(CODE_EXCLUDES, "excludes", "two application identifiers that exclude each other")            \
    X(CODE_TOO_MANY, "too_many", "more elements than the bench reads")                             \
    X(CODE_BRACKETS, "brackets", "brackets around the application identifiers do not match")       \
    X(CODE_LINK_NO_KEY, "link_no_key", "a web address without a GS1 key")                          \
    X(CODE_LINK_ORDER, "link_order", "the link's qualifiers do not belong to its key, or not so")  \
    X(CODE_LINK_QUERY, "link_query", "the link's query holds an identifier that may not be there") \
    X(CODE_LINK_FORM, "link_form", "the web address is not well formed")

#define CODE_FAULT_ENUM(id, name, text) id,
enum code_fault {
    CODE_FAULT_LIST(CODE_FAULT_ENUM) CODE_FAULT_COUNT
};
#undef CODE_FAULT_ENUM

const char *code_fault_name(enum code_fault f); /* "check_digit"; never NULL */
const char *code_fault_text(enum code_fault f); /* a sentence without full stop; never NULL */

#endif
