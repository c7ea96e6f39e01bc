/* webdriver.h - a headless Chromium driven through chromedriver, as much of it as the page tests
 * need. Every call ends the test program with a message when the browser does not do as asked. */
#ifndef PACKD_TESTS_WEBDRIVER_H
#define PACKD_TESTS_WEBDRIVER_H

#include <stdbool.h>
#include <stddef.h>

struct webdriver;

/* False when chromium or chromedriver is not installed. */
bool webdriver_available(void);
/* Starts both with an empty profile. */
struct webdriver *webdriver_open(void);
void webdriver_close(struct webdriver *w); /* ends both; NULL is fine */

/* What follows happens in the n-th window (0: the first); one past the last opens a new one. */
void webdriver_window(struct webdriver *w, size_t n);
void webdriver_size(struct webdriver *w, int width, int height);
void webdriver_go(struct webdriver *w, const char *url);
/* Value of a JavaScript expression as text; valid until the next call. */
const char *webdriver_value(struct webdriver *w, const char *expression);
/* Waits, inside the page, until the expression is true; false after `patience_ms`. */
bool webdriver_until(struct webdriver *w, const char *expression, int patience_ms);
void webdriver_click(struct webdriver *w, const char *css);
void webdriver_type(struct webdriver *w, const char *css, const char *text);
/* A PNG of the window; makes missing directories of the path. */
void webdriver_screenshot(struct webdriver *w, const char *path);
/* Errors in the browser's log since the last call (scripts that failed, refused by the policy), as
 * text; "" when there were none. */
const char *webdriver_errors(struct webdriver *w);

#endif
