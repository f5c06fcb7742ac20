// Any bytes as a stream of frames: never a crash, never memory for what was only announced; what
// decodes is encoded again to the same bytes.
#include <algorithm>
#include <cstdint>
#include <variant>

#include "real/messages.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  real::FrameReader reader;
  const std::size_t cut = size > 0 ? data[0] % (size + 1) : 0;
  const std::span stream{reinterpret_cast<const std::byte*>(data), size};
  for (const auto part : {stream.first(cut), stream.subspan(cut)}) {
    reader.feed(part);
    while (true) {
      const auto frame = reader.next();
      if (!frame) return 0;
      if (!*frame) break;
      const auto message = real::decode(**frame);
      if (!message) continue;
      std::vector<std::byte> again;
      std::visit([&](const auto& m) { real::encode(m, again); }, *message);
      const auto payload = std::span{again}.subspan(real::frame_header + 1);
      if (!std::ranges::equal(payload, (*frame)->payload)) __builtin_trap();
    }
  }
  return 0;
}
