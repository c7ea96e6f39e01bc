/* gs1_check.h - the values of GS1 element strings, part by part. For gs1.c. */
#ifndef PACKD_CODES_GS1_CHECK_H
#define PACKD_CODES_GS1_CHECK_H

#include "firmware/base/slice.h"
#include "firmware/codes/fault.h"
#include "firmware/codes/gs1_ai.h"

/* The whole value of one identifier: characters, length, and every check of its parts. */
enum code_fault gs1_check_value(const struct gs1_ai *ai, struct slice value);

/* Two check characters of an alphanumeric key, over what stands before them. */
bool gs1_alpha_fits(struct slice value);

/* 8110 and 8112; gs1_coupon.c. */
enum code_fault gs1_check_coupon(struct slice value);
enum code_fault gs1_check_offer(struct slice value);
/* YYMMDD with a day of its own. For the two above. */
bool gs1_is_date(struct slice yymmdd);

#endif
