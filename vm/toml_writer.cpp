#include "vm/toml_writer.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

#include "sim/check.hpp"

namespace vm {
namespace {

void write_key(std::string& out, std::string_view key) {
  const auto is_bare = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  };
  if (!key.empty() && std::ranges::all_of(key, is_bare)) {
    out += key;
  } else {
    out += toml_text(key);
  }
}

/// The shortest text that reads back as the same double, and as a double.
void write_number(std::string& out, double number) {
  std::array<char, 32> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number).ptr;
  const std::string_view text(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
  out += text;
  if (text.find_first_of(".e") == std::string_view::npos) out += ".0";
}

void write_value(std::string& out, toml::node& node);

void write_list(std::string& out, toml::array& list) {
  constexpr std::size_t widest = 100;
  std::vector<std::string> elements;
  std::size_t width = 0;
  for (auto& element : list) {
    write_value(elements.emplace_back(), element);
    width += elements.back().size() + 2;
  }
  const bool is_long = width > widest && elements.size() > 1;
  out += '[';
  for (std::size_t i = 0; i < elements.size(); ++i) {
    if (is_long) out += "\n  ";
    out += elements[i];
    if (i + 1 < elements.size()) out += is_long ? "," : ", ";
  }
  out += is_long ? "\n]" : "]";
}

void write_value(std::string& out, toml::node& node) {
  if (const auto* text = node.as_string()) {
    out += toml_text(text->get());
  } else if (const auto* whole = node.as_integer()) {
    out += std::to_string(whole->get());
  } else if (const auto* number = node.as_floating_point()) {
    write_number(out, number->get());
  } else if (const auto* flag = node.as_boolean()) {
    out += flag->get() ? "true" : "false";
  } else if (auto* list = node.as_array()) {
    write_list(out, *list);
  } else {
    auto* table = node.as_table();
    SIM_CHECK(table != nullptr);  // dates are refused by every reader
    out += '{';
    for (const auto& [key, value] : in_order(*table)) {
      out += out.back() == '{' ? " " : ", ";
      write_key(out, key->str());
      out += " = ";
      write_value(out, *value);
    }
    out += table->empty() ? "}" : " }";
  }
}

void write_section(std::string& out, const std::string& header, toml::table& table) {
  out += (out.empty() ? "" : "\n") + header + '\n';
  for (const auto& [key, value] : in_order(table)) {
    write_key(out, key->str());
    out += " = ";
    write_value(out, *value);
    out += '\n';
  }
}

}  // namespace

std::string toml_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += {'\\', c};
    } else if (byte < 0x20 || byte == 0x7f) {
      constexpr std::string_view digits = "0123456789abcdef";
      out += "\\u00";
      out += {digits[byte >> 4], digits[byte & 15]};
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string write_toml(toml::table& root) {
  std::string out;
  for (const auto& [key, node] : in_order(root)) {
    const std::string name(key->str());
    if (auto* list = node->as_array()) {
      for (auto& element : *list) write_section(out, "[[" + name + "]]", *element.as_table());
    } else if (name == "flavor" || name == "transaction") {
      for (const auto& [inner, table] : in_order(*node->as_table())) {
        write_section(out, '[' + name + '.' + std::string(inner->str()) + ']', *table->as_table());
      }
    } else {
      write_section(out, '[' + name + ']', *node->as_table());
    }
  }
  return out;
}

}  // namespace vm
