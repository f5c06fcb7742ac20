#include "real/wire.hpp"

#include <catch2/catch.hpp>

#include "real/messages.hpp"
#include "sim/random.hpp"

namespace {

using namespace real;

std::vector<std::byte> bytes_of(const auto& message) {
  std::vector<std::byte> out;
  encode(message, out);
  return out;
}

template <class M>
M travel(const M& message) {
  FrameReader reader;
  reader.feed(bytes_of(message));
  const auto frame = reader.next();
  REQUIRE(frame);
  REQUIRE(*frame);
  const auto decoded = decode(**frame);
  REQUIRE(decoded);
  REQUIRE(std::holds_alternative<M>(*decoded));
  return std::get<M>(*decoded);
}

Perform a_transaction() {
  return {.id = 7,
          .tenant = vm::TenantId{3},
          .sequence = 1ull << 38,
          .epoch = 9,
          .memory = vm::Bytes{262'144},
          .value = std::string("a\0b", 3),
          .steps = {{vm::Resource::network, 2048}, {vm::Resource::cpu, 0.002}}};
}

}  // namespace

TEST_CASE("wire: a message arrives as it was sent") {
  const Perform got = travel(a_transaction());
  CHECK(got.id == 7);
  CHECK(got.tenant == vm::TenantId{3});
  CHECK(got.sequence == 1ull << 38);
  CHECK(got.epoch == 9);
  CHECK(got.memory.count == 262'144);
  CHECK(got.value == std::string("a\0b", 3));
  REQUIRE(got.steps.size() == 2);
  CHECK(got.steps[0].resource == vm::Resource::network);
  CHECK(got.steps[1].amount == 0.002);

  const Audited audit = travel(Audited{.tenant = vm::TenantId{1},
                                       .served = true,
                                       .count = 5,
                                       .sum = ~0ull,
                                       .held = {{1, 4}, {9, 9}}});
  CHECK(audit.served);
  CHECK(audit.sum == ~0ull);
  CHECK(audit.held == std::vector<Range>{{1, 4}, {9, 9}});
}

TEST_CASE("wire: frames come out whole however the bytes are cut") {
  std::vector<std::byte> stream;
  for (std::uint64_t i = 0; i < 200; ++i) {
    Perform message = a_transaction();
    message.id = i;
    message.value.assign(i * 7, 'x');
    encode(message, stream);
  }
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    CAPTURE(seed);
    sim::RandomStream chance{seed, "cuts"};
    FrameReader reader;
    std::uint64_t expected = 0;
    for (std::size_t at = 0; at < stream.size();) {
      const std::size_t size = std::min<std::size_t>(1 + chance.below(3000), stream.size() - at);
      reader.feed(std::span{stream}.subspan(at, size));
      at += size;
      while (true) {
        const auto frame = reader.next();
        REQUIRE(frame);
        if (!*frame) break;
        const auto message = decode(**frame);
        REQUIRE(message);
        REQUIRE(std::get<Perform>(*message).id == expected);
        REQUIRE(std::get<Perform>(*message).value.size() == expected * 7);
        ++expected;
      }
    }
    CHECK(expected == 200);
  }
}

TEST_CASE("wire: an announced length beyond the limit is refused before a byte of it is kept") {
  for (const std::uint32_t length :
       {0u, static_cast<std::uint32_t>(frame_limit) + 1, 0x8000'0000u, ~0u}) {
    CAPTURE(length);
    FrameReader reader;
    reader.feed(std::as_bytes(std::span{&length, 1}));
    CHECK_FALSE(reader.next());
  }
}

TEST_CASE("wire: a message that is too short, too long or out of range is refused") {
  const std::vector<std::byte> whole = bytes_of(a_transaction());
  const std::span payload = std::span{whole}.subspan(frame_header + 1);
  const auto type = type_of<Perform>();
  for (std::size_t size = 0; size < payload.size(); ++size) {
    CAPTURE(size);
    CHECK_FALSE(decode({type, payload.first(size)}));
  }
  CHECK(decode({type, payload}));
  std::vector<std::byte> longer(payload.begin(), payload.end());
  longer.push_back(std::byte{0});
  CHECK_FALSE(decode({type, longer}));

  const std::byte beyond[]{std::byte{5}};  // Result has five values: 0 to 4
  std::vector<std::byte> answer = bytes_of(Answer{});
  answer[frame_header + 1 + 8] = beyond[0];
  CHECK_FALSE(decode({type_of<Answer>(), std::span{answer}.subspan(frame_header + 1)}));
  CHECK_FALSE(decode({255, {}}));
}

TEST_CASE("wire: a count that was never sent allocates nothing") {
  // A list of 2^32 - 1 ranges is announced, and nothing follows.
  std::vector<std::byte> payload(4 + 1 + 8 + 8, std::byte{0});
  payload.insert(payload.end(), 4, std::byte{0xff});
  CHECK_FALSE(decode({type_of<Audited>(), payload}));
}

TEST_CASE("wire: every type has a name of its own") {
  std::vector<std::string_view> names;
  for (std::uint8_t type = 0; type < std::variant_size_v<Message>; ++type) {
    names.push_back(name_of(type));
  }
  CHECK(names[type_of<Perform>()] == "Perform");
  CHECK(names[type_of<Watch>()] == "Watch");
  CHECK(names[type_of<Proceed>()] == "Proceed");
  std::ranges::sort(names);
  CHECK(std::ranges::adjacent_find(names) == names.end());
}
