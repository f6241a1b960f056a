#ifndef ALLOCATIONS_H
#define ALLOCATIONS_H

#include <stdint.h>

/// How often this process has allocated memory. Always zero where the C library is not glibc.
uint64_t allocations_count(void);

#endif
