#include "viz/model/batch_queue.hpp"

#include <thread>

#include <catch2/catch.hpp>

namespace {

using namespace std::chrono_literals;
using viz::model::BatchQueue;

/// `samples` samples and one fault, all of instant `number`.
vm::Batch batch(int number, std::size_t samples) {
  vm::Batch b;
  b.now = vm::Time{number * 1s};
  b.samples.assign(samples, {b.now, {0}, vm::MachineState::up, {}});
  b.faults.push_back({b.now, {0}, "fault " + std::to_string(number)});
  return b;
}

}  // namespace

TEST_CASE(
    "batch_queue: what a simulation offers too much of is dropped and counted, events never") {
  BatchQueue queue{100};
  for (int i = 0; i < 10; ++i) queue.offer(batch(i, 30));
  // Three batches of 31 rows fit in a hundred. The other seven leave 7 x 30 samples behind.
  CHECK(queue.dropped() == 210);
  std::size_t samples = 0, faults = 0;
  const auto take_all = [&] {
    while (auto b = queue.take()) {
      samples += b->samples.size();
      for (const auto& row : b->faults)
        CHECK(row.what == "fault " + std::to_string(faults++));  // in their order
      queue.recycle(std::move(*b));
    }
  };
  take_all();
  CHECK(samples == 90);
  CHECK(faults == 3);
  queue.offer(batch(10, 30));  // brings along what had waited at the door
  take_all();
  CHECK(samples == 120);
  CHECK(faults == 11);
  for (int i = 11; i < 20; ++i) queue.offer(batch(i, 30));
  queue.close();
  take_all();
  CHECK(faults == 20);
  CHECK(queue.finished());
  CHECK(queue.message().empty());
}

TEST_CASE("batch_queue: a batch larger than the queue still gets through") {
  BatchQueue queue{10};
  queue.offer(batch(1, 500));
  CHECK(queue.take()->samples.size() == 500);
  CHECK(queue.push(batch(2, 500)));
  CHECK(queue.take()->samples.size() == 500);
  CHECK(queue.dropped() == 0);
}

TEST_CASE("batch_queue: a loader waits for room and loses nothing; cancelled, it waits no more") {
  BatchQueue queue{100};
  bool gave_up = false;
  std::thread loader{[&] {
    for (int i = 0; i < 2000; ++i) {
      if (!queue.push(batch(i, 20))) {
        gave_up = true;
        return;
      }
    }
  }};
  int next = 0;
  while (next < 1000) {
    REQUIRE(queue.wait());
    while (auto b = queue.take()) {
      REQUIRE(b->now == vm::Time{next++ * 1s});
      REQUIRE(b->samples.size() == 20);
      queue.recycle(std::move(*b));
    }
  }
  queue.cancel();
  loader.join();
  CHECK(gave_up);
}

TEST_CASE("batch_queue: between two threads every sample is either there or counted") {
  BatchQueue queue{2000};
  constexpr int batches = 3000;
  std::thread simulation{[&] {
    for (int i = 0; i < batches; ++i) queue.offer(batch(i, 50));
    queue.close("over");
  }};
  std::size_t samples = 0, faults = 0;
  while (queue.wait()) {
    while (auto b = queue.take()) {
      samples += b->samples.size();
      faults += b->faults.size();
      queue.recycle(std::move(*b));
    }
  }
  simulation.join();
  CHECK(faults == batches);
  CHECK(samples + queue.dropped() == batches * 50u);
  CHECK(queue.message() == "over");
}
