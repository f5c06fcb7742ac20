// What the tests of the command line share: the real `brink`, started without a shell in a folder
// of its own, and what it said. Output goes to files, so that no pipe can fill up and block it; a
// run that hangs is killed and fails its test.
#pragma once

#include <algorithm>
#include <chrono>
#include <csignal>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

#include "tests/vm/scenario_text.hpp"

namespace brink_process {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using scenario_text::edited;
using scenario_text::small_text;
using scenario_text::whole_file;
using Words = std::vector<std::string>;

struct Said {
  int code = 0;  // exit code, or minus the signal that ended it
  std::string out, err;
};

/// A command under way.
class Process {
 public:
  /// Starts `words` in `folder` with a usual environment and `environment`. `out` and `err` are
  /// descriptors, or -1 for files that the result is read from.
  struct Start {
    fs::path folder = {};
    Words environment = {};
    int out = -1, err = -1;
  };
  Process(Words words, const Start& start, const fs::path& talk) : talk_(talk) {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    if (!start.folder.empty()) {
      posix_spawn_file_actions_addchdir_np(&actions, start.folder.c_str());
    }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    connect(actions, 1, start.out, talk_ / "out");
    connect(actions, 2, start.err, talk_ / "err");
    Words environment = start.environment;  // first: the first of a name is what getenv finds
    for (const char* usual : {"PATH=/usr/bin:/bin", "TERM=xterm", "LC_ALL=C.UTF-8"}) {
      environment.emplace_back(usual);
    }
    auto argv = pointers(words), envp = pointers(environment);
    const int refused =
        posix_spawnp(&pid_, words[0].c_str(), &actions, nullptr, argv.data(), envp.data());
    posix_spawn_file_actions_destroy(&actions);
    REQUIRE(refused == 0);
  }
  ~Process() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }
  void send(int signal) const { REQUIRE(kill(pid_, signal) == 0); }

  /// What it has written so far, for tests that wait for something to appear.
  std::string out() const { return whole_file(talk_ / "out"); }
  std::string err() const { return whole_file(talk_ / "err"); }

  /// Waits for its end.
  Said wait() {
    int status = 0;
    const auto deadline = std::chrono::steady_clock::now() + 60s;
    for (;;) {
      const pid_t ended = waitpid(pid_, &status, WNOHANG);
      if (ended == pid_) break;
      if (std::chrono::steady_clock::now() > deadline) {
        FAIL("brink still runs after a minute");
      }
      std::this_thread::sleep_for(2ms);
    }
    pid_ = -1;
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status), whole_file(talk_ / "out"),
            whole_file(talk_ / "err")};
  }

 private:
  static std::vector<char*> pointers(Words& words) {
    std::vector<char*> all;
    for (std::string& word : words) all.push_back(word.data());
    all.push_back(nullptr);
    return all;
  }
  static void connect(posix_spawn_file_actions_t& actions, int descriptor, int given,
                      const fs::path& file) {
    if (given >= 0) {
      posix_spawn_file_actions_adddup2(&actions, given, descriptor);
    } else {
      posix_spawn_file_actions_addopen(&actions, descriptor, file.c_str(),
                                       O_WRONLY | O_CREAT | O_TRUNC, 0600);
    }
  }

  fs::path talk_;
  pid_t pid_ = -1;
};

/// A place to work in, with the scenario "small.toml" (a minute, ten transactions a second).
class Desk {
 public:
  Desk() { put("small.toml", small_text); }

  void put(const std::string& name, std::string_view text) const {
    std::ofstream(folder() / name, std::ios::binary) << text;
  }
  /// Runs `brink` with these words to its end.
  Said brink(Words words, Words environment = {}) const {
    return start(std::move(words), {.environment = std::move(environment)})->wait();
  }
  std::unique_ptr<Process> start(Words words, Process::Start how = {}) const {
    words.insert(words.begin(), BRINK);
    how.folder = folder();
    return std::make_unique<Process>(std::move(words), how, talk_.path());
  }
  fs::path folder() const { return work_.path(); }
  fs::path operator/(const std::string& name) const { return folder() / name; }
  /// The names in `folder`, sorted; none where it is not.
  Words list(const std::string& name) const {
    Words names;
    std::error_code missing;
    for (const auto& entry : fs::directory_iterator(folder() / name, missing)) {
      names.push_back(entry.path().filename().string());
    }
    std::sort(names.begin(), names.end());
    return names;
  }

 private:
  scenario_text::ScratchFolder work_, talk_;
};

inline std::string scenario_file(const std::string& name) {
  return SOURCE_DIR "/scenarios/" + name + ".toml";
}

/// How many lines `text` has.
inline auto lines(const std::string& text) {
  return std::count(text.begin(), text.end(), '\n');
}

}  // namespace brink_process
