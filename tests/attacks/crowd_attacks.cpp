// Those who come in crowds, and those who take their time.
#include <iomanip>
#include <sstream>
#include <thread>

#include "tests/attacks/crowd.hpp"
#include "tests/attacks/sent.hpp"

namespace attacks {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto grace = 5s;  // a busy machine may be late by so much

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

struct Course {
  std::size_t left = 0;
  double seconds = 0;  // until the last was gone, or until patience was
  bool served = true;  // the others, meanwhile
};

/// Goes on with `step` ten times a second until nobody of the crowd is left or patience is.
Course play(const Target& target, Crowd& crowd, const std::function<void()>& step,
            const std::function<bool()>& see, std::chrono::milliseconds patience) {
  Witness witness{target.port, target.open};
  const auto start = Clock::now();
  while (see() && Clock::now() - start < patience) {
    step();
    witness.look();
    std::this_thread::sleep_for(100ms);
  }
  return {crowd.left(), seconds_since(start), witness.is_served()};
}

std::string told_of(const Crowd& crowd, const Course& course) {
  std::ostringstream text;
  text << crowd.count() - course.left << " of " << crowd.count() << " gone";
  for (const char* status : {"408", "503", "429", "400"}) {
    const std::size_t told = crowd.told(status);
    if (told > 0) text << ", " << told << " told " << status;
  }
  text << "; others " << (course.served ? "" : "not ") << "served";
  return text.str();
}

/// Well when all are gone soon after the limit, and everybody else was served meanwhile.
Outcome judged(const Target& target, const Crowd& crowd, const Course& course) {
  const auto limit = std::chrono::duration<double>(2 * target.limit + grace).count();
  return {told_of(crowd, course), course.left == 0 && course.seconds < limit && course.served};
}

/// A byte of the head, ten times a second, for ever.
Outcome slowloris(const Target& target) {
  Crowd crowd{target.port, 500, fresh_address()};
  crowd.send("GET " + target.open + " HTTP/1.1\r\nX-a: ");
  const Course course = play(
      target, crowd, [&] { crowd.send("b"); }, [&] { return crowd.read(); },
      2 * target.limit + grace);
  return judged(target, crowd, course);
}

/// The same with the body (RUDY).
Outcome slow_bodies(const Target& target) {
  Crowd crowd{target.port, 8, fresh_address()};
  crowd.send(target.method + " " + target.post +
             " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2000\r\n\r\n{");
  const Course course = play(
      target, crowd, [&] { crowd.send(" "); }, [&] { return crowd.read(); },
      2 * target.limit + grace);
  return judged(target, crowd, course);
}

/// Asks again and again and never reads: what is not taken in time is thrown away with the
/// connection.
Outcome never_reads(const Target& target) {
  Crowd crowd{target.port, 8, fresh_address(), 2048};
  const std::string request = "GET " + target.open + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
  std::string many;
  for (int i = 0; i < 500; ++i) many += request;
  const Course course = play(
      target, crowd, [&] { crowd.send(many); }, [&] { return crowd.look(); },
      3 * target.limit + grace);
  return {std::string{"others "} + (course.served ? "" : "not ") + "served", course.served};
}

/// Connections that say nothing at all.
Outcome silent(const Target& target) {
  Crowd crowd{target.port, 8, fresh_address()};
  const Course course = play(
      target, crowd, [] {}, [&] { return crowd.read(); }, 2 * target.limit + grace);
  return judged(target, crowd, course);
}

/// As many as the attacker's descriptors allow, held open.
Outcome flood(const Target& target) {
  Crowd crowd{target.port, 700, fresh_address()};
  Witness witness{target.port, target.open};
  for (int i = 0; i < 10; ++i) {
    crowd.read();
    witness.look();
    std::this_thread::sleep_for(50ms);
  }
  const bool bounded = target.of_address == 0 || crowd.left() <= target.of_address;
  const std::string text = std::to_string(crowd.left()) + " of 700 kept; others " +
                           (witness.is_served() ? "served" : "not served");
  crowd.reset();
  return {text, bounded && witness.is_served()};
}

/// Comes and goes, 5,000 times.
Outcome resets(const Target& target) {
  for (int i = 0; i < 50; ++i) {
    Crowd crowd{target.port, 100, fresh_address()};
    crowd.send("GET " + target.open);
    crowd.reset();
  }
  Witness witness{target.port, target.open};
  for (int i = 0; i < 5; ++i) witness.look();
  return {std::string{"others "} + (witness.is_served() ? "" : "not ") + "served",
          witness.is_served()};
}

}  // namespace

std::vector<Attack> crowd_attacks() {
  const std::string gone = "all gone in time; others served";
  return {
      {"crowd", "slowloris, 500 connections", gone, slowloris},
      {"crowd", "slow bodies (RUDY)", gone, slow_bodies, has_post},
      {"crowd", "silent connections", gone, silent},
      {"crowd", "pipelining without reading, windows of 2 KiB", "others served", never_reads},
      {"crowd", "700 connections held by one address", "bounded; others served", flood},
      {"crowd", "5,000 connections that are reset", "others served", resets},
  };
}

}  // namespace attacks
