// HTTP head: looks at the bytes of a request's head before any parser does, and refuses what
// parsers are known to disagree about. Sans-IO.
//
// Two programs that read one request differently can be played against each other (request
// smuggling), so what the standard lets a server mend is refused here: bare line feeds, folded
// lines, spaces before a colon, control characters, a length beside a transfer coding, two lengths,
// two hosts. So are heads that are only too much: 16 KiB, 100 fields, a target of 4 KiB.
//
//   source   RFC 9112, sections 2.2, 3, 5 and 6; RFC 9110, section 5
#pragma once

#include <cstddef>
#include <string_view>

namespace real {

struct HeadLimits {
  std::size_t bytes = 16 << 10;
  std::size_t fields = 100;
  std::size_t target = 4 << 10;
};

struct HeadCheck {
  enum class State { incomplete, whole, bad };
  State state = State::incomplete;
  std::size_t size = 0;     // whole: bytes of the head, its empty line included
  unsigned status = 0;      // bad: how to answer
  const char* reason = "";  // bad: why, in a few words
  std::string_view
      host{};  // whole: the Host field, empty where HTTP/1.0 has none; lives in the text
};

/// Looks at what has arrived of a request so far. A head is refused as soon as it shows.
///
///   cost  O(bytes of the head)
HeadCheck check_head(std::string_view text, const HeadLimits& limits = {});

/// Whether `host`, a Host field with or without a port, is one of `names` (in small letters).
bool is_host(std::string_view host, std::string_view name);

}  // namespace real
