#include "tools/gates/schema_rules.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string_view>

#include <flatbuffers/reflection_generated.h>

namespace parlance::gates {
namespace {

using reflection::BaseType;
using reflection::Enum;
using reflection::EnumVal;
using reflection::Field;
using reflection::Object;
using reflection::Schema;
using reflection::Type;

/// The attributes that say something about stored bytes or about who may read them.
constexpr std::array marks{"personal",    "vocabulary",        "digest",   "event_body",
                           "force_align", "nested_flatbuffer", "bit_flags"};
constexpr std::string_view capsule_struct = "parlance.wire.Capsule";

const Schema* read(const SchemaFile& file) {
  flatbuffers::Verifier verifier(file.bfbs.data(), file.bfbs.size());
  if (!reflection::VerifySchemaBuffer(verifier)) return nullptr;
  return reflection::GetSchema(file.bfbs.data());
}

std::string text(const flatbuffers::String* value) { return value == nullptr ? std::string() : value->str(); }

template <class Owner> std::optional<std::string> mark(const Owner& owner, const char* key) {
  if (owner.attributes() == nullptr) return std::nullopt;
  const auto* found = owner.attributes()->LookupByKey(key);
  if (found == nullptr) return std::nullopt;
  return text(found->value());
}
/// The value of an attribute that has one, and "set" for one without.
std::string mark_text(const std::optional<std::string>& value) {
  if (!value) return "unset";
  return *value == "0" || value->empty() ? "set" : "\"" + *value + "\"";
}

/// "ulong", "[parlance.wire.Id]", "parlance.wire.Channel (ubyte)": two types are the same when this says the same.
std::string type_text(const Schema& schema, const Type& type) {
  const auto named = [&](BaseType base) -> std::string {
    std::string plain = reflection::EnumNameBaseType(base);
    std::ranges::transform(plain, plain.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; });
    if (type.index() < 0) return plain;
    const auto index = static_cast<flatbuffers::uoffset_t>(type.index());
    if (base == BaseType::Obj) return text(schema.objects()->Get(index)->name());
    return text(schema.enums()->Get(index)->name()) + " (" + plain + ")";
  };
  switch (type.base_type()) {
    case BaseType::Vector: return "[" + named(type.element()) + "]";
    case BaseType::Array:
      return "[" + named(type.element()) + ":" + std::to_string(type.fixed_length()) + "]";
    default: return named(type.base_type());
  }
}

std::string_view last_name(std::string_view name) { return name.substr(name.rfind('.') + 1); }

template <class Vector> auto find_named(const Vector* all, std::string_view name) -> decltype(all->Get(0)) {
  for (const auto* each : *all) {
    if (each->name()->string_view() == name) return each;
  }
  return nullptr;
}
/// One that has the same last name in another namespace, to say what probably happened.
template <class Vector> std::string moved_to(const Vector* all, std::string_view name) {
  for (const auto* each : *all) {
    if (last_name(each->name()->string_view()) == last_name(name)) return text(each->name());
  }
  return {};
}

/// Compares one released schema with the present one and collects what is wrong.
class Comparison {
 public:
  Comparison(const SchemaFile& released, const SchemaFile& now, const Schema& old_schema,
             const Schema& new_schema)
      : file_(now.name + ".fbs"), release_(released.name), old_(old_schema), new_(new_schema) {}

  std::vector<std::string> run() {
    compare_root();
    for (const Object* object : *old_.objects()) compare_object(*object);
    for (const Enum* enumeration : *old_.enums()) compare_enum(*enumeration);
    return std::move(faults_);
  }

 private:
  void fault(const std::string& place, const std::string& what, const std::string& remedy) {
    faults_.push_back(file_ + ": " + place + " " + what + " (released as " + release_ + "): " + remedy);
  }

  void compare_root() {
    const std::string old_root = old_.root_table() == nullptr ? "" : text(old_.root_table()->name());
    const std::string new_root = new_.root_table() == nullptr ? "" : text(new_.root_table()->name());
    if (old_root != new_root) {
      fault("root_type", "was '" + old_root + "' and is '" + new_root + "'",
            "stored buffers begin with the old one; restore it");
    }
    if (text(old_.file_ident()) != text(new_.file_ident())) {
      fault("file_identifier",
            "was '" + text(old_.file_ident()) + "' and is '" + text(new_.file_ident()) + "'",
            "stored buffers carry the old one; restore it");
    }
  }

  void compare_object(const Object& before) {
    const std::string name = text(before.name());
    const std::string kind = before.is_struct() ? "struct " : "table ";
    const Object* after = find_named(new_.objects(), name);
    if (after == nullptr) {
      const std::string moved = moved_to(new_.objects(), name);
      fault(kind + name,
            moved.empty() ? "was removed or renamed" : "has left its namespace for that of " + moved,
            "what is stored and generated elsewhere names it; put it back, and add the new one beside it");
      return;
    }
    if (before.is_struct() != after->is_struct()) {
      fault(kind + name, before.is_struct() ? "became a table" : "became a struct",
            "the layouts differ; restore it and add another");
      return;
    }
    if (before.is_struct()) return compare_struct(before, *after);
    compare_fields(before, *after);
  }

  static std::vector<const Field*> by_id(const Object& object) {
    std::vector<const Field*> fields(object.fields()->begin(), object.fields()->end());
    std::ranges::sort(fields, {}, [&](const Field* f) { return object.is_struct() ? f->offset() : f->id(); });
    return fields;
  }

  void compare_struct(const Object& before, const Object& after) {
    const std::string name = "struct " + text(before.name());
    const std::string remedy =
        "every stored buffer lays it out as released; restore it, and add a struct of another name";
    const auto old_fields = by_id(before);
    const auto new_fields = by_id(after);
    if (old_fields.size() != new_fields.size()) {
      fault(
          name,
          "had " + std::to_string(old_fields.size()) + " fields and has " + std::to_string(new_fields.size()),
          remedy);
      return;
    }
    for (std::size_t i = 0; i < old_fields.size(); ++i) {
      const std::string old_text = field_text(old_, *old_fields[i]);
      const std::string new_text = field_text(new_, *new_fields[i]);
      if (old_text != new_text) fault(name, "had '" + old_text + "' where it has '" + new_text + "'", remedy);
      compare_marks(text(before.name()) + "." + text(old_fields[i]->name()), *old_fields[i], *new_fields[i]);
    }
    if (before.bytesize() != after.bytesize() || before.minalign() != after.minalign()) {
      fault(name,
            "was " + std::to_string(before.bytesize()) + " bytes aligned to " +
                std::to_string(before.minalign()) + " and is " + std::to_string(after.bytesize()) +
                " aligned to " + std::to_string(after.minalign()),
            remedy);
    }
  }
  static std::string field_text(const Schema& schema, const Field& field) {
    return text(field.name()) + ":" + type_text(schema, *field.type()) + " at " +
           std::to_string(field.offset());
  }

  void compare_fields(const Object& before, const Object& after) {
    std::map<unsigned, const Field*> new_by_id;
    for (const Field* field : *after.fields()) new_by_id[field->id()] = field;
    for (const Field* field : by_id(before)) {
      const std::string place = text(before.name()) + "." + text(field->name());
      const auto found = new_by_id.find(field->id());
      const Field* same_name = find_named(after.fields(), field->name()->string_view());
      if (same_name != nullptr && same_name->id() != field->id()) {
        fault(place,
              "had id " + std::to_string(field->id()) + " and has id " + std::to_string(same_name->id()),
              "stored tables know it by its id alone; restore it");
        continue;
      }
      if (found == new_by_id.end()) {
        fault(place, "was removed",
              "stored tables hold it; put it back, as (deprecated) if nothing reads it any more");
        continue;
      }
      if (same_name == nullptr) {
        fault(place, "is now named " + text(found->second->name()),
              "JSON and generated code know it by its name; restore it");
        continue;
      }
      compare_field(place, *field, *same_name);
    }
    for (const auto& [id, field] : new_by_id) {
      const bool is_new =
          std::ranges::none_of(*before.fields(), [&](const Field* f) { return f->id() == id; });
      if (is_new && field->required()) {
        fault(text(before.name()) + "." + text(field->name()), "is new and required",
              "what is stored does not have it and would no longer verify; make it optional");
      }
    }
  }

  void compare_field(const std::string& place, const Field& before, const Field& after) {
    const std::string old_type = type_text(old_, *before.type());
    const std::string new_type = type_text(new_, *after.type());
    if (old_type != new_type) {
      fault(place, "was " + old_type + " and is " + new_type,
            "stored values would be misread; restore it and add a field");
    }
    if (before.required() != after.required()) {
      fault(place, after.required() ? "became required" : "is no longer required",
            after.required()
                ? "tables stored without it would no longer verify; make it optional again"
                : "a program of the release takes a table without it for damage; require it again");
    }
    if (before.optional() != after.optional()) {
      fault(place, after.optional() ? "became optional (= null)" : "is no longer optional (= null)",
            "a value left out would mean something else; restore it");
    } else if (before.default_integer() != after.default_integer() ||
               default_real(before) != default_real(after)) {
      fault(place, "has another default", "values left out of stored tables would change; restore it");
    }
    if (before.deprecated() && !after.deprecated()) {
      fault(place, "is no longer deprecated", "later programs left it out; add a field of another name");
    }
    compare_marks(place, before, after);
  }
  /// As bytes, so that a NaN is itself.
  static std::uint64_t default_real(const Field& field) {
    return std::bit_cast<std::uint64_t>(field.default_real());
  }

  template <class Owner>
  void compare_marks(const std::string& place, const Owner& before, const Owner& after) {
    for (const char* key : marks) {
      const auto old_mark = mark(before, key);
      const auto new_mark = mark(after, key);
      if (old_mark == new_mark) continue;
      fault(place,
            "had the mark " + std::string(key) + " " + mark_text(old_mark) + " and has it " +
                mark_text(new_mark),
            "what is stored was written and sealed under the old one; restore it");
    }
  }

  void compare_enum(const Enum& before) {
    const std::string name = text(before.name());
    const std::string kind = before.is_union() ? "union " : "enum ";
    const Enum* after = find_named(new_.enums(), name);
    if (after == nullptr) {
      const std::string moved = moved_to(new_.enums(), name);
      fault(kind + name,
            moved.empty() ? "was removed or renamed" : "has left its namespace for that of " + moved,
            "put it back");
      return;
    }
    if (before.is_union() != after->is_union()) {
      fault(kind + name, before.is_union() ? "became an enum" : "became a union", "restore it");
      return;
    }
    const BaseType old_base = before.underlying_type()->base_type();
    const BaseType new_base = after->underlying_type()->base_type();
    if (old_base != new_base) {
      fault(kind + name,
            std::string("was stored as ") + reflection::EnumNameBaseType(old_base) + " and is as " +
                reflection::EnumNameBaseType(new_base),
            "stored values would be misread; restore it");
    }
    compare_marks(kind + name, before, *after);
    for (const EnumVal* value : *before.values()) compare_value(kind + name, *value, *after);
  }

  void compare_value(const std::string& name, const EnumVal& before, const Enum& after) {
    const std::string place =
        name + ", " + text(before.name()) + " = " + std::to_string(before.value()) + ",";
    const std::string remedy = "stored numbers mean what they meant; restore it, and add at the end";
    const auto same_value =
        std::ranges::find_if(*after.values(), [&](const EnumVal* v) { return v->value() == before.value(); });
    const EnumVal* same_name = find_named(after.values(), before.name()->string_view());
    if (same_name != nullptr && same_name->value() != before.value()) {
      fault(place, "became " + std::to_string(same_name->value()), remedy);
    } else if (same_value == after.values()->end()) {
      fault(place, "was removed", remedy);
    } else if (same_name == nullptr) {
      fault(place, "is now named " + text((*same_value)->name()), remedy);
    } else {
      const std::string old_type =
          before.union_type() == nullptr ? "" : type_text(old_, *before.union_type());
      const std::string new_type =
          same_name->union_type() == nullptr ? "" : type_text(new_, *same_name->union_type());
      if (old_type != new_type) fault(place, "was " + old_type + " and is " + new_type, remedy);
    }
  }

  std::string file_;
  std::string release_;
  const Schema& old_;
  const Schema& new_;
  std::vector<std::string> faults_;
};

bool is_bytes(BaseType type) { return type == BaseType::Byte || type == BaseType::UByte; }

/// Looks at one field of a header: may free text hide in it?
std::string field_fault(const Schema& schema, const Field& field) {
  const Type& type = *field.type();
  const bool many = type.base_type() == BaseType::Vector || type.base_type() == BaseType::Array;
  const BaseType base = many ? type.element() : type.base_type();
  const auto personal = mark(field, "personal");
  const bool capsule =
      base == BaseType::Obj &&
      schema.objects()->Get(static_cast<flatbuffers::uoffset_t>(type.index()))->name()->string_view() ==
          capsule_struct;
  if (capsule) {
    if (!personal)
      return "is a capsule without its class: mark it personal: \"contact\", \"content\" or \"attachment\"";
    if (*personal != "contact" && *personal != "content" && *personal != "attachment") {
      return "is marked personal: \"" + *personal +
             "\", which is no class: it is contact, content or attachment";
    }
    return {};
  }
  if (personal)
    return "is marked personal and is no capsule: what it says of a person belongs in the vault; make it a "
           "Capsule";
  if (base == BaseType::String) {
    if (mark(field, "vocabulary")) return {};
    return "is text in a header: seal it (a Capsule, marked personal), or mark it vocabulary if it is the "
           "administrator's own word";
  }
  if (type.base_type() == BaseType::Vector && is_bytes(base) && type.index() < 0) {
    if (mark(field, "event_body")) return {};
    return "is free bytes in a header: seal it (a Capsule, marked personal)";
  }
  if (type.base_type() == BaseType::Array && is_bytes(base) && !mark(field, "digest")) {
    return "is an array of bytes in a header: mark it digest if it holds a hash, and seal it otherwise";
  }
  return {};
}

const std::string not_a_schema = ": not a schema that flatc wrote";

}  // namespace

std::vector<std::string> breaking_changes(const SchemaFile& released, const SchemaFile& now) {
  const Schema* before = read(released);
  if (before == nullptr) return {released.name + not_a_schema};
  const Schema* after = read(now);
  if (after == nullptr) return {now.name + not_a_schema};
  return Comparison(released, now, *before, *after).run();
}

std::vector<std::string> free_text(const SchemaFile& now) {
  const Schema* schema = read(now);
  if (schema == nullptr) return {now.name + not_a_schema};
  if (text(schema->file_ident()) == plaintext_identifier) return {};
  std::vector<std::string> faults;
  for (const Object* object : *schema->objects()) {
    for (const Field* field : *object->fields()) {
      const std::string fault = field_fault(*schema, *field);
      if (!fault.empty())
        faults.push_back(now.name + ".fbs: " + text(object->name()) + "." + text(field->name()) + " " +
                         fault);
    }
  }
  for (const Enum* enumeration : *schema->enums()) {
    for (const EnumVal* value : *enumeration->values()) {
      if (value->union_type() == nullptr || value->union_type()->base_type() != BaseType::String) continue;
      faults.push_back(now.name + ".fbs: union " + text(enumeration->name()) + ", " + text(value->name()) +
                       " is text in a header: make it a table with a Capsule");
    }
  }
  return faults;
}

Result<std::string> file_identifier(const SchemaFile& schema) {
  const Schema* read_schema = read(schema);
  if (read_schema == nullptr) return invalid("schema.malformed", schema.name + not_a_schema);
  return text(read_schema->file_ident());
}

}  // namespace parlance::gates
