#include "real/wire.hpp"

#include <algorithm>

namespace real {

std::span<std::byte> FrameReader::room(std::size_t size) {
  if (begin_ > 0 && (begin_ == end_ || buffer_.size() - end_ < size)) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (buffer_.size() - end_ < size) buffer_.resize(end_ + size);
  return std::span{buffer_}.subspan(end_);
}

void FrameReader::feed(std::span<const std::byte> bytes) {
  std::ranges::copy(bytes, room(bytes.size()).begin());
  filled(bytes.size());
}

sim::Result<std::optional<Frame>> FrameReader::next() {
  const std::size_t have = end_ - begin_;
  if (have < frame_header) return std::optional<Frame>{};
  std::uint32_t length = 0;
  std::memcpy(&length, buffer_.data() + begin_, sizeof length);
  if (length == 0) return sim::Error{"a frame without a type"};
  if (length > frame_limit) {
    return sim::Error{"a frame of " + std::to_string(length) + " bytes, at most " +
                      std::to_string(frame_limit) + " are taken"};
  }
  if (have < frame_header + length) return std::optional<Frame>{};
  const std::span frame = std::span{buffer_}.subspan(begin_ + frame_header, length);
  begin_ += frame_header + length;
  return std::optional{Frame{std::to_integer<std::uint8_t>(frame[0]), frame.subspan(1)}};
}

void Packer::begin(std::uint8_t type) {
  start_ = out_.size();
  out_.resize(start_ + frame_header);
  (*this)(type);
}

void Packer::finish() {
  const std::size_t length = out_.size() - start_ - frame_header;
  SIM_CHECK(length <= frame_limit);
  const auto announced = static_cast<std::uint32_t>(length);
  std::memcpy(out_.data() + start_, &announced, sizeof announced);
}

}  // namespace real
