/* gtin.h - numbers of trade items and logistic units: check digits, folding to 14 digits, UPC-E.
 * Compared with leading zeros to 14 digits, GTIN-8, 12, 13 and 14 are one number space. */
#ifndef PACKD_CODES_GTIN_H
#define PACKD_CODES_GTIN_H

#include "firmware/base/slice.h"
#include "firmware/codes/fault.h"

#define GTIN_CAP    15 /* 14 digits */
#define SSCC_DIGITS 18

/* The last of the digits is right for those before it (weights 3, 1, ... from the right). At least
 * one digit, nothing else; false otherwise. */
bool gtin_check_digit_fits(struct slice digits);

/* 8, 12, 13 or 14 digits to 14. Refused: CODE_DIGITS, CODE_NOT_DIGITS, CODE_CHECK_DIGIT,
 * CODE_ZEROS; out is then as it was. */
enum code_fault gtin_fold(struct slice digits, char out[GTIN_CAP]);

/* The same for what people type or a system stores: single blanks and hyphens between digits are
 * left out. */
enum code_fault gtin_fold_written(struct slice text, char out[GTIN_CAP]);

/* UPC-E to 14 digits: 8 digits N x x x x x x C, or 6 (N is 0, C is computed). N is 0 or 1. Seven
 * digits do not say which of the two is missing: CODE_DIGITS. */
enum code_fault gtin_from_upce(struct slice digits, char out[GTIN_CAP]);

/* Eight digits whose symbology is not known: EAN-8, or UPC-E, and CODE_EITHER when both check
 * digits fit. */
enum code_fault gtin_from_eight(struct slice digits, char out[GTIN_CAP]);

/* As it is printed on goods and kept by most systems: without the leading zeros of a GTIN-8, 12 or
 * 13. `gtin` has 14 digits. */
void gtin_printed(const char *gtin, char out[GTIN_CAP]);

/* A hexadecimal digit's value; -1: none. */
int hex_digit(uint8_t c);

#endif
