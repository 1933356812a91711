#ifndef TRUNKLINE_CYAML_SHIM_H
#define TRUNKLINE_CYAML_SHIM_H

#include <yaml.h>

#endif
