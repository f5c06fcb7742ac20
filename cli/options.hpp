// Options: how every verb reads its command line.
//
// Strict, as scenario files are: an option that there is not, is told with the nearest one that
// there is; and none may be abbreviated, so that a new option never changes what an old script
// means.
#pragma once

#include <boost/program_options.hpp>

#include "cli/verbs.hpp"

namespace cli {

struct Options {
  boost::program_options::options_description shown{"options"};  // what --help lists
  boost::program_options::options_description hidden;            // what stands without a name
  boost::program_options::positional_options_description positional;

  /// Adds what has no name on the command line: the FILE... or RUN... at its end.
  template <class T>
  void add_rest(const char* name, std::vector<T>& into) {
    hidden.add_options()(name, boost::program_options::value(&into));
    positional.add(name, -1);
  }

  /// Fills in the variables that the options were given.
  ///
  ///   returns  false when --help was asked for instead; then nothing is filled in
  ///   throws   UsageError, boost::program_options::error
  bool parse(Arguments arguments);
};

}  // namespace cli
