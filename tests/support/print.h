#pragma once
#include <doctest/doctest.h>

#include "engine/base/error.h"

/// So that a CHECK of a Result says what went wrong. (Boost's own printing asks every value to be printable.)
template <class T> struct doctest::StringMaker<boost::system::result<T, parlance::Error>> {
  static String convert(const boost::system::result<T, parlance::Error>& result) {
    if (result) return "a value";
    return (std::string(result.error().rule) + ": " + result.error().detail).c_str();
  }
};
