// NodeParts: what the parts of a node share. Everything here belongs to the loop's thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "real/link.hpp"
#include "real/memory.hpp"
#include "real/pacer.hpp"
#include "real/store.hpp"
#include "real/tenant.hpp"
#include "vm/scenario.hpp"

namespace real {

/// The link of the gateway that came last. Orders are answered to whoever is there now, since the
/// attempt says what the answer is about; transactions only to the link that they came by.
class GatewayLink {
 public:
  void replace(std::shared_ptr<Link> link) {
    if (link_) link_->close();
    link_ = std::move(link);
    ++number_;
  }
  void gone(const Link* link) {
    if (link_.get() == link) link_.reset();
  }
  template <class M>
  void send(const M& message) {
    if (link_) link_->send(message);
  }
  template <class M>
  void send_by(std::uint64_t number, const M& message) {
    if (number == number_) send(message);
  }
  std::uint64_t number() const { return number_; }

 private:
  std::shared_ptr<Link> link_;
  std::uint64_t number_ = 0;
};

struct NodeParts {
  asio::io_context& io;
  vm::MachineId machine;
  std::function<std::string()> token;  // with which it introduces itself to other nodes
  Meter meter;
  Memory memory;
  Store store;
  GatewayLink gateway;
  Pacer* network = nullptr;
  std::map<vm::TenantId, Tenant> tenants;                      // owned or fenced
  bool disk_full = false;                                      // by a disturbance
  std::shared_ptr<bool> alive = std::make_shared<bool>(true);  // whose end coroutines look for

  Tenant* find(vm::TenantId id) {
    const auto found = tenants.find(id);
    return found == tenants.end() ? nullptr : &found->second;
  }
  Tenant* find_owned(vm::TenantId id) {
    Tenant* const tenant = find(id);
    return tenant != nullptr && tenant->owned() ? tenant : nullptr;
  }
  void answer(const Waiter& waiter, Result result, const std::string& owner = {});
  /// Holds as much memory for the tenant as its state and its writes under way amount to.
  void settle_memory(Tenant& tenant);
  void count_tenants();
};

}  // namespace real
