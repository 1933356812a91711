#ifndef TRUNKLINE_CPCRE2_SHIM_H
#define TRUNKLINE_CPCRE2_SHIM_H

// Patterns over bytes; the functions' names are macros that depend on this, so Swift sees them with their suffix.
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#endif
