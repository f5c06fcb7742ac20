// Wire: bytes on a connection, cut into frames, and fields packed into their payloads. Sans-IO.
//
//   frame   u32 length of what follows | u8 type | payload
//   fields  integers and doubles little-endian at their width; strings and lists with a u32 count
//
// A length of 0 or above `frame_limit` makes no sense, and so does a payload with too few bytes or
// too many: the reader says why, and whoever owns the connection closes it. Nothing is allocated
// for a length that was only announced.
#pragma once

#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <type_traits>
#include <vector>

#include "sim/result.hpp"
#include "vm/entities.hpp"

namespace real {

static_assert(std::endian::native == std::endian::little, "fields are copied as they lie");

/// Of one frame, its type included: room for a chunk of a copy, not for a mistake or an attack.
inline constexpr std::size_t frame_limit = std::size_t{4} << 20;
inline constexpr std::size_t frame_header = 4;

/// How many values an enumeration has, from 0: what is beyond makes no sense. One specialisation
/// for each that travels.
template <class Enum>
inline constexpr std::uint8_t enumerator_count = 0;

struct Frame {
  std::uint8_t type = 0;
  std::span<const std::byte> payload;  // into the reader: valid until its next call
};

/// Cuts a byte stream into frames.
class FrameReader {
 public:
  /// Where to read bytes into: at least `size` of them, then tell how many came by filled().
  std::span<std::byte> room(std::size_t size);
  void filled(std::size_t bytes) { end_ += bytes; }

  /// For bytes that lie elsewhere: room() and filled() in one.
  void feed(std::span<const std::byte> bytes);

  /// The next whole frame, none if it is not there yet, or why there will never be one.
  sim::Result<std::optional<Frame>> next();

 private:
  std::vector<std::byte> buffer_;
  std::size_t begin_ = 0, end_ = 0;  // of what has been fed and not been taken
};

/// Packs fields behind each other. The frame's length is set by finish().
class Packer {
 public:
  explicit Packer(std::vector<std::byte>& out) : out_(out) {}

  void begin(std::uint8_t type);
  void finish();

  template <class T>
  requires std::is_arithmetic_v<T> || std::is_enum_v<T>
  void operator()(const T& value) { append(&value, sizeof value); }
  template <class Of>
  void operator()(const sim::Id<Of>& id) {
    (*this)(id.value);
  }
  void operator()(const vm::Bytes& bytes) { (*this)(bytes.count); }
  void operator()(const vm::Duration& span) { (*this)(span.count()); }
  void operator()(const vm::Time& at) { (*this)(at.time_since_epoch().count()); }
  void operator()(const std::string& text) {
    (*this)(static_cast<std::uint32_t>(text.size()));
    append(text.data(), text.size());
  }
  template <class T>
  void operator()(const std::vector<T>& list) {
    (*this)(static_cast<std::uint32_t>(list.size()));
    for (const T& item : list) (*this)(item);
  }
  template <class T, std::size_t n>
  void operator()(const std::array<T, n>& list) {
    for (const T& item : list) (*this)(item);
  }
  template <class T>
  requires requires(const T& item, Packer& packer) { T::fields(item, packer); }
  void operator()(const T& item) { T::fields(item, *this); }

 private:
  void append(const void* from, std::size_t size) {
    const auto* bytes = static_cast<const std::byte*>(from);
    out_.insert(out_.end(), bytes, bytes + size);
  }
  std::vector<std::byte>& out_;
  std::size_t start_ = 0;
};

/// Takes fields out again. After the last one, complete() says whether they made sense.
class Unpacker {
 public:
  explicit Unpacker(std::span<const std::byte> payload) : rest_(payload) {}

  template <class T>
  requires std::is_arithmetic_v<T>
  void operator()(T& value) { take(&value, sizeof value); }
  void operator()(bool& value) {
    std::uint8_t byte = 0;
    (*this)(byte);
    if (byte > 1) failed_ = true;
    value = byte == 1;
  }
  template <class T>
  requires std::is_enum_v<T>
  void operator()(T& value) {
    std::underlying_type_t<T> number{};
    (*this)(number);
    if (number >= enumerator_count<T>) failed_ = true;
    value = failed_ ? T{} : static_cast<T>(number);
  }
  template <class Of>
  void operator()(sim::Id<Of>& id) {
    (*this)(id.value);
  }
  void operator()(vm::Bytes& bytes) { (*this)(bytes.count); }
  void operator()(vm::Duration& span) {
    vm::Duration::rep count = 0;
    (*this)(count);
    span = vm::Duration{count};
  }
  void operator()(vm::Time& at) {
    vm::Duration since{};
    (*this)(since);
    at = vm::Time{since};
  }
  void operator()(std::string& text) {
    std::uint32_t size = 0;
    (*this)(size);
    if (size > rest_.size()) failed_ = true;
    if (failed_) return;
    text.assign(reinterpret_cast<const char*>(rest_.data()), size);
    rest_ = rest_.subspan(size);
  }
  template <class T>
  void operator()(std::vector<T>& list) {
    std::uint32_t size = 0;
    (*this)(size);
    // Every item takes at least a byte: a count beyond that was never sent.
    if (size > rest_.size()) failed_ = true;
    list.clear();
    for (std::uint32_t i = 0; i < size && !failed_; ++i) (*this)(list.emplace_back());
  }
  template <class T, std::size_t n>
  void operator()(std::array<T, n>& list) {
    for (T& item : list) (*this)(item);
  }
  template <class T>
  requires requires(T& item, Unpacker& unpacker) { T::fields(item, unpacker); }
  void operator()(T& item) { T::fields(item, *this); }

  bool complete() const { return !failed_ && rest_.empty(); }

 private:
  void take(void* to, std::size_t size) {
    if (size > rest_.size()) failed_ = true;
    if (failed_) return;
    std::memcpy(to, rest_.data(), size);
    rest_ = rest_.subspan(size);
  }
  std::span<const std::byte> rest_;
  bool failed_ = false;
};

/// Names the fields of a message once, for packing and for unpacking.
#define REAL_FIELDS(...)                                                                   \
  template <class Self, class Each>                                                        \
  static void fields(Self& self, Each& each) {                                             \
    std::apply([&](auto... field) { (each(self.*field), ...); }, std::tuple{__VA_ARGS__}); \
  }

}  // namespace real
