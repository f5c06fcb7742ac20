// Host: where a stage starts processes: this machine (Here), or another one (Outpost).
//
// Each has a folder for the run, in which the processes keep all that they have, and a copy of
// brink. Whatever is started there ends with the stage and the folder goes with it, however the
// stage ends.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "real/asio.hpp"
#include "real/process.hpp"

namespace real {

class Host {
 public:
  virtual ~Host() = default;

  virtual const std::string& name() const = 0;
  virtual std::filesystem::path binary() const = 0;
  virtual std::filesystem::path folder() const = 0;
  /// At which its processes listen, so that other hosts reach them.
  virtual const std::string& address() const = 0;

  /// Starts `words[0]`, a path there. What cannot be started ends at once and says why.
  virtual std::unique_ptr<Process> start(const std::vector<std::string>& words,
                                         Process::Handlers handlers) = 0;
  /// A control group that goes when the folder does, at the latest.
  virtual void note_group(const std::filesystem::path& group) = 0;
  /// Its last process has ended.
  virtual void remove_group(const std::filesystem::path& group) = 0;
  /// A folder of a machine that is given back.
  virtual void remove_folder(const std::filesystem::path& folder) = 0;
};

/// This machine.
class Here final : public Host {
 public:
  Here(asio::io_context& io, std::filesystem::path binary, std::filesystem::path folder)
      : io_(io), binary_(std::move(binary)), folder_(std::move(folder)) {}

  const std::string& name() const override { return name_; }
  std::filesystem::path binary() const override { return binary_; }
  std::filesystem::path folder() const override { return folder_; }
  const std::string& address() const override { return address_; }

  std::unique_ptr<Process> start(const std::vector<std::string>& words,
                                 Process::Handlers handlers) override;
  void note_group(const std::filesystem::path& group) override;
  void remove_group(const std::filesystem::path& group) override;
  void remove_folder(const std::filesystem::path& folder) override;

 private:
  asio::io_context& io_;
  std::filesystem::path binary_, folder_;
  std::string name_ = "here", address_ = "127.0.0.1";
};

/// Removes a control group whose last thread ends this very moment: the kernel lets go of it a
/// little later. Waits for that, a tenth of a second at most.
void remove_empty_group(const std::filesystem::path& group);

}  // namespace real
