#include "tools/gates/schema_rules.h"

#include <string>
#include <string_view>

#include <doctest/doctest.h>
#include <flatbuffers/idl.h>

namespace parlance::gates {
namespace {

/// A schema with one of everything that the rules look at.
constexpr std::string_view released_text = R"(
attribute "personal"; attribute "vocabulary"; attribute "digest"; attribute "event_body";
namespace parlance.wire;
struct Id { high:ulong; low:ulong; }
enum Class:ubyte { none = 0, contact = 2, content = 3 }
struct Capsule { reference:Id; digest:[ubyte:32] (digest); number:ushort; field_class:Class; }
namespace parlance.wire.shop;
enum Colour:ubyte { none = 0, red = 1, green = 2 }
enum Rights:uint (bit_flags) { see = 0, change = 1 }
table Bought {
  buyer:parlance.wire.Id (required, id: 0);
  price:ulong (id: 1);
  count:int = 1 (id: 2);
  colour:Colour (id: 3);
  due:long = null (id: 4);
  name:string (vocabulary, id: 5);
  note:parlance.wire.Capsule (personal: "content", id: 6);
  items:[parlance.wire.Id] (id: 7);
  weight:double = 1.5 (id: 8);
  inner:[ubyte] (force_align: 8, event_body, id: 9);
  old:int (deprecated, id: 10);
}
table Sold { at:long (id: 0); rights:Rights (id: 1); }
table Lent { at:long (id: 0); }
union Event { Bought, Sold }
table Entry { event:Event (required, id: 1); }
root_type Entry;
file_identifier "SHOP";
)";

SchemaFile compile(const std::string& name, const std::string& text) {
  flatbuffers::IDLOptions options;
  options.require_explicit_ids = true;
  options.binary_schema_builtins = true;
  options.lang_to_generate = flatbuffers::IDLOptions::kCpp;
  flatbuffers::Parser parser(options);
  INFO(text);
  const bool parsed = parser.Parse(text.c_str());
  REQUIRE_MESSAGE(parsed, parser.error_);
  parser.Serialize();
  const std::uint8_t* bytes = parser.builder_.GetBufferPointer();
  return {name, Bytes(bytes, bytes + parser.builder_.GetSize())};
}

std::string replaced(std::string_view text, std::string_view from, std::string_view to) {
  std::string out(text);
  const std::size_t place = out.find(from);
  REQUIRE_MESSAGE(place != std::string::npos, from);
  REQUIRE_MESSAGE(out.find(from, place + 1) == std::string::npos, from);
  return out.replace(place, from.size(), to);
}

/// One edit of the schema above.
struct Edit {
  const char* what;
  const char* from;
  const char* to;
  const char* said;  ///< part of the message; unused where nothing is wrong
};

constexpr Edit breaking[] = {
    {"the last field removed", "table Lent { at:long (id: 0); }", "table Lent { }", "Lent.at was removed"},
    {"a field in the middle removed", "  count:int = 1 (id: 2);\n  colour:Colour (id: 3);",
     "  colour:Colour (id: 2);\n  count2:int (id: 3);", "Bought.colour had id 3 and has id 2"},
    {"a field renamed", "price:ulong", "cost:ulong", "Bought.price is now named cost"},
    {"a field that becomes required", "name:string (vocabulary,", "name:string (vocabulary, required,",
     "Bought.name became required"},
    {"a field no longer required", "buyer:parlance.wire.Id (required, id: 0)",
     "buyer:parlance.wire.Id (id: 0)", "Bought.buyer is no longer required"},
    {"a new field that is required", "old:int (deprecated, id: 10);",
     "old:int (deprecated, id: 10); more:Lent (required, id: 11);", "Bought.more is new and required"},
    {"an optional number that gets a default", "due:long = null", "due:long",
     "Bought.due is no longer optional"},
    {"a number that becomes optional", "price:ulong", "price:ulong = null", "Bought.price became optional"},
    {"a default changed", "count:int = 1", "count:int = 2", "Bought.count has another default"},
    {"a fractional default changed", "weight:double = 1.5", "weight:double = 1.25",
     "Bought.weight has another default"},
    {"a type narrowed", "price:ulong", "price:uint", "Bought.price was ulong and is uint"},
    {"a sign changed", "count:int", "count:uint", "Bought.count was int and is uint"},
    {"bytes that become text", "inner:[ubyte] (force_align: 8, event_body,", "inner:string (",
     "Bought.inner was [ubyte] and is string"},
    {"a vector of other structs", "items:[parlance.wire.Id]", "items:[parlance.wire.Capsule]",
     "Bought.items was [parlance.wire.Id] and is [parlance.wire.Capsule]"},
    {"two ids swapped", "price:ulong (id: 1);\n  count:int = 1 (id: 2);",
     "price:ulong (id: 2);\n  count:int = 1 (id: 1);", "Bought.price had id 1 and has id 2"},
    {"a field revived", "old:int (deprecated,", "old:int (", "Bought.old is no longer deprecated"},
    {"an enum field that becomes its number", "colour:Colour (id: 3)", "colour:ubyte (id: 3)",
     "Bought.colour was parlance.wire.shop.Colour (ubyte) and is ubyte"},
    {"an enum value removed", ", green = 2", "", "enum parlance.wire.shop.Colour, green = 2, was removed"},
    {"an enum value renamed", "green = 2", "blue = 2",
     "enum parlance.wire.shop.Colour, green = 2, is now named blue"},
    {"an enum value renumbered", "green = 2", "green = 5",
     "enum parlance.wire.shop.Colour, green = 2, became 5"},
    {"an enum widened", "enum Colour:ubyte", "enum Colour:ushort",
     "enum parlance.wire.shop.Colour was stored as UByte and is as UShort"},
    {"an enum that becomes a set", "enum Colour:ubyte { none = 0, red = 1, green = 2 }",
     "enum Colour:ubyte (bit_flags) { red = 0, green = 1 }",
     "enum parlance.wire.shop.Colour had the mark bit_flags unset"},
    {"a set's flag moved", "see = 0, change = 1", "change = 0, see = 1",
     "enum parlance.wire.shop.Rights, see = 1, became 2"},
    {"a union's member replaced", "union Event { Bought, Sold }", "union Event { Bought, Lent }",
     "Sold = 2, is now named Lent"},
    {"a union's member replaced under its name", "union Event { Bought, Sold }",
     "union Event { Bought, Sold:Lent }",
     "Sold = 2, was parlance.wire.shop.Sold and is parlance.wire.shop.Lent"},
    {"a union's members reordered", "union Event { Bought, Sold }", "union Event { Sold, Bought }",
     "Bought = 1, became 2"},
    {"a union's member removed", "union Event { Bought, Sold }", "union Event { Bought }",
     "Sold = 2, was removed"},
    {"a struct that grows", "struct Id { high:ulong; low:ulong; }",
     "struct Id { high:ulong; low:ulong; more:ulong; }", "struct parlance.wire.Id had 2 fields and has 3"},
    {"a struct's field renamed", "struct Id { high:ulong; low:ulong; }",
     "struct Id { high:ulong; lower:ulong; }",
     "struct parlance.wire.Id had 'low:ulong at 8' where it has 'lower:ulong at 8'"},
    {"a struct's fields swapped", "struct Id { high:ulong; low:ulong; }",
     "struct Id { low:ulong; high:ulong; }",
     "struct parlance.wire.Id had 'high:ulong at 0' where it has 'low:ulong at 0'"},
    {"a struct's array longer", "digest:[ubyte:32]", "digest:[ubyte:40]",
     "struct parlance.wire.Capsule had 'digest:[ubyte:32] at 16' where it has 'digest:[ubyte:40] at 16'"},
    {"a struct aligned otherwise", "struct Id {", "struct Id (force_align: 16) {",
     "was 16 bytes aligned to 8 and is 16 aligned to 16"},
    {"a struct that becomes a table",
     "struct Id { high:ulong; low:ulong; }\nenum Class:ubyte { none = 0, contact = 2, content = 3 }\nstruct "
     "Capsule { reference:Id;",
     "table Id { high:ulong (id: 0); low:ulong (id: 1); }\nenum Class:ubyte { none = 0, contact = 2, content "
     "= 3 }\nstruct Capsule { reference:ulong; reference2:ulong;",
     "struct parlance.wire.Id became a table"},
    {"a file_identifier changed", "file_identifier \"SHOP\"", "file_identifier \"STOR\"",
     "file_identifier was 'SHOP' and is 'STOR'"},
    {"a file_identifier removed", "file_identifier \"SHOP\";", "", "file_identifier was 'SHOP' and is ''"},
    {"a root_type changed", "root_type Entry", "root_type Bought",
     "root_type was 'parlance.wire.shop.Entry' and is 'parlance.wire.shop.Bought'"},
    {"a namespace changed", "namespace parlance.wire.shop;", "namespace parlance.wire.store;",
     "table parlance.wire.shop.Bought has left its namespace for that of parlance.wire.store.Bought"},
    {"a table removed", "table Lent { at:long (id: 0); }", "",
     "table parlance.wire.shop.Lent was removed or renamed"},
    {"a table renamed", "table Lent", "table Rented", "table parlance.wire.shop.Lent was removed or renamed"},
    {"an enum removed", "rights:Rights (id: 1); }", "rights:uint (id: 1); }",
     "Sold.rights was parlance.wire.shop.Rights (uint) and is uint"},
    {"a personal class changed", "personal: \"content\"", "personal: \"contact\"",
     "Bought.note had the mark personal \"content\" and has it \"contact\""},
    {"an alignment dropped", "force_align: 8, ", "",
     "Bought.inner had the mark force_align \"8\" and has it unset"},
};

constexpr Edit harmless[] = {
    {"a new field", "old:int (deprecated, id: 10);", "old:int (deprecated, id: 10); more:ulong (id: 11);",
     ""},
    {"a new optional field", "old:int (deprecated, id: 10);",
     "old:int (deprecated, id: 10); more:ulong = null (id: 11);", ""},
    {"a new table and member", "union Event { Bought, Sold }",
     "table New { } union Event { Bought, Sold, Lent, New }", ""},
    {"a new enum value at the end", "green = 2", "green = 2, blue = 3", ""},
    {"a new enum value in a gap", "enum Class:ubyte { none = 0, contact = 2,",
     "enum Class:ubyte { none = 0, other = 1, contact = 2,", ""},
    {"a new flag", "change = 1 }", "change = 1, sell = 2 }", ""},
    {"a new struct", "struct Id {", "struct Pair { a:int; b:int; }\nstruct Id {", ""},
    {"a field deprecated", "price:ulong (id: 1)", "price:ulong (deprecated, id: 1)", ""},
    {"fields in another order, with the same ids", "price:ulong (id: 1);\n  count:int = 1 (id: 2);",
     "count:int = 1 (id: 2);\n  price:ulong (id: 1);", ""},
    {"a comment", "table Sold", "/// What was sold.\ntable Sold", ""},
};

std::string joined(const std::vector<std::string>& lines) {
  std::string out;
  for (const std::string& line : lines) out += line + "\n";
  return out;
}

TEST_CASE("a schema conforms to itself and hides no text") {
  const SchemaFile released = compile("shop.1", std::string(released_text));
  const SchemaFile now = compile("shop", std::string(released_text));
  CHECK(joined(breaking_changes(released, now)) == "");
  CHECK(joined(free_text(now)) == "");
}

TEST_CASE("every change that would spoil what is stored is refused, and named") {
  const SchemaFile released = compile("shop.1", std::string(released_text));
  for (const Edit& edit : breaking) {
    CAPTURE(std::string(edit.what));
    const SchemaFile now = compile("shop", replaced(released_text, edit.from, edit.to));
    const std::string said = joined(breaking_changes(released, now));
    CAPTURE(said);
    CHECK(said.find(edit.said) != std::string::npos);
    CHECK(said.starts_with("shop.fbs: "));
    CHECK(said.find("(released as shop.1): ") != std::string::npos);
  }
}

TEST_CASE("additions are allowed") {
  const SchemaFile released = compile("shop.1", std::string(released_text));
  for (const Edit& edit : harmless) {
    CAPTURE(std::string(edit.what));
    const SchemaFile now = compile("shop", replaced(released_text, edit.from, edit.to));
    CHECK(joined(breaking_changes(released, now)) == "");
    CHECK(joined(free_text(now)) == "");
  }
}

TEST_CASE("an addition of yesterday is refused to whoever takes it back") {
  for (const Edit& edit : harmless) {
    if (std::string_view(edit.what).starts_with("a new")) {
      CAPTURE(std::string(edit.what));
      const SchemaFile released = compile("shop.2", replaced(released_text, edit.from, edit.to));
      CHECK(!breaking_changes(released, compile("shop", std::string(released_text))).empty());
    }
  }
}

constexpr Edit texts[] = {
    {"an unmarked string", "old:int (deprecated, id: 10);",
     "old:int (deprecated, id: 10); more:string (id: 11);", "Bought.more is text in a header"},
    {"an unmarked vector of strings", "old:int (deprecated, id: 10);",
     "old:int (deprecated, id: 10); more:[string] (id: 11);", "Bought.more is text in a header"},
    {"a string marked personal", "old:int (deprecated, id: 10);",
     "old:int (deprecated, id: 10); more:string (personal: \"content\", id: 11);",
     "Bought.more is marked personal and is no capsule"},
    {"free bytes", "old:int (deprecated, id: 10);", "old:int (deprecated, id: 10); more:[ubyte] (id: 11);",
     "Bought.more is free bytes in a header"},
    {"free signed bytes", "old:int (deprecated, id: 10);",
     "old:int (deprecated, id: 10); more:[byte] (id: 11);", "Bought.more is free bytes in a header"},
    {"a fixed array of bytes", "struct Id {", "struct Words { letters:[ubyte:16]; }\nstruct Id {",
     "Words.letters is an array of bytes in a header"},
    {"a capsule without its class", "note:parlance.wire.Capsule (personal: \"content\", id: 6)",
     "note:parlance.wire.Capsule (id: 6)", "Bought.note is a capsule without its class"},
    {"capsules without their class", "items:[parlance.wire.Id]", "items:[parlance.wire.Capsule]",
     "Bought.items is a capsule without its class"},
    {"a class that is none", "personal: \"content\"", "personal: \"secret\"",
     "Bought.note is marked personal: \"secret\", which is no class"},
    {"a personal number", "price:ulong (id: 1)", "price:ulong (personal: \"contact\", id: 1)",
     "Bought.price is marked personal and is no capsule"},
    {"text as a union's member", "union Event { Bought, Sold }",
     "union Other { Bought, words:string }\nunion Event { Bought, Sold }",
     "union parlance.wire.shop.Other, words is text in a header"},
};

TEST_CASE("text, bytes and unclassed capsules in a header are refused, and named") {
  for (const Edit& edit : texts) {
    CAPTURE(std::string(edit.what));
    const std::string said = joined(free_text(compile("shop", replaced(released_text, edit.from, edit.to))));
    CAPTURE(said);
    CHECK(said.find(edit.said) != std::string::npos);
    CHECK(said.starts_with("shop.fbs: "));
  }
}

TEST_CASE("the plaintext inside capsules may be text") {
  const std::string text =
      replaced(replaced(released_text, "\"SHOP\"", "\"CAPS\""), "name:string (vocabulary,", "name:string (");
  CHECK(joined(free_text(compile("capsule", text))) == "");
}

TEST_CASE("what is no schema is refused") {
  const SchemaFile good = compile("shop", std::string(released_text));
  const SchemaFile bad{"shop.1", Bytes(100, 0x5a)};
  CHECK(joined(breaking_changes(bad, good)) == "shop.1: not a schema that flatc wrote\n");
  CHECK(joined(breaking_changes(good, bad)) == "shop.1: not a schema that flatc wrote\n");
  CHECK(!free_text(bad).empty());
  CHECK(file_identifier(bad).has_error());
  CHECK(file_identifier(good).value() == "SHOP");
}

}  // namespace
}  // namespace parlance::gates
