/* Is this a build under a sanitizer? Everything takes ten times as long there. A test of many like
 * cases may then take fewer of them, where the release build's tests take all: what a sanitizer
 * looks for, the code's way through memory, is the same in each. */
#ifndef TESTS_SANITIZED_H
#define TESTS_SANITIZED_H

#ifdef __has_feature
#define HAS_FEATURE(x) __has_feature(x)
#else
#define HAS_FEATURE(x) 0
#endif

#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__ ||                                 \
    HAS_FEATURE(address_sanitizer) || HAS_FEATURE(thread_sanitizer)
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif
#undef HAS_FEATURE
#endif
