#include "real/messages.hpp"

#include <array>
#include <utility>

namespace real {
namespace {

constexpr std::size_t message_count = std::variant_size_v<Message>;

using Decoder = bool (*)(std::span<const std::byte>, Message&);

template <std::size_t i>
bool decode_as(std::span<const std::byte> payload, Message& message) {
  Unpacker unpacker{payload};
  auto& held = message.emplace<i>();
  std::remove_reference_t<decltype(held)>::fields(held, unpacker);
  return unpacker.complete();
}

template <std::size_t... i>
constexpr std::array<Decoder, sizeof...(i)> decoders(std::index_sequence<i...>) {
  return {&decode_as<i>...};
}

constexpr std::array<std::string_view, message_count> names{
    "Hello",     "Welcome",       "Goodbye",       "Ping",       "Pong",      "Perform",
    "Answer",    "LatencyReport", "OutcomeReport", "Audit",      "Audited",   "Own",
    "Owned",     "AskLoads",      "Loads",         "StartCopy",  "CopyRound", "Copied",
    "Freeze",    "Frozen",        "Verify",        "Verified",   "TakeOver",  "TakenOver",
    "Fence",     "Fenced",        "Abort",         "Broken",     "Restore",   "Restored",
    "Replicate", "Replicated",    "DropReplica",   "Disturb",    "CopyBegin", "CopyRows",
    "CopyEnd",   "CopyStored",    "AskDigest",     "TellDigest", "Watch",     "Unwatch",
    "Sampled",   "Begin",         "Ready",         "Launch",     "MachineUp", "LaunchFailed",
    "Stop",      "Stopped",       "Reached",       "Proceed",    "Bring",     "Brought"};

}  // namespace

sim::Result<Message> decode(const Frame& frame) {
  static constexpr auto table = decoders(std::make_index_sequence<message_count>{});
  if (frame.type >= message_count) {
    return sim::Error{"a frame of unknown type " + std::to_string(frame.type)};
  }
  Message message;
  if (!table[frame.type](frame.payload, message)) {
    return sim::Error{std::string(name_of(frame.type)) + " of " +
                      std::to_string(frame.payload.size()) + " bytes makes no sense"};
  }
  return message;
}

std::string_view name_of(std::uint8_t type) {
  return type < message_count ? names[type] : std::string_view{"unknown"};
}

}  // namespace real
