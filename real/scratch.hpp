// Scratch: where the disk steps of transactions are really written: one file of bounded size, from
// its beginning again when it is full, by a thread of its own.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include "real/asio.hpp"
#include "real/posix.hpp"

namespace real {

class Scratch {
 public:
  using Done = std::function<void(std::uint32_t step)>;

  /// `done` runs on the loop. Throws std::system_error where the file cannot be made.
  Scratch(asio::io_context& io, const std::filesystem::path& directory, Done done);
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  /// A disk that refuses has taken its time too: that is a step that is over.
  void write(std::uint32_t step, double bytes);
  /// The step's number is free again; what is not written yet is not.
  void cancel(std::uint32_t step);

  static constexpr std::int64_t size_limit = std::int64_t{64} << 20;

 private:
  using Wanted = std::shared_ptr<std::atomic<bool>>;
  struct Request {
    std::uint32_t step = 0;
    std::int64_t bytes = 0;
    Wanted wanted;
  };
  void work();
  void write_out(const Request& request);
  void tell(const std::vector<Request>& written);

  asio::io_context& io_;
  Descriptor file_;
  Done done_;
  std::unordered_map<std::uint32_t, Wanted> awaited_;  // by step
  const std::shared_ptr<Scratch*> self_;               // null once it is gone

  std::vector<char> noise_;  // the worker's
  std::int64_t at_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Request> waiting_;
  std::atomic<bool> ending_ = false;
  std::thread thread_;
};

}  // namespace real
