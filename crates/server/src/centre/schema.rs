//! What a noun's fields are, as the interface describes itself: a field that is new there needs no word here.

use serde_json::{Map, Value};

use super::noun::{Kept, NOUNS, Noun};

/// The interface's own description, `/openapi.json`.
pub struct Schema {
    document: Value,
}

/// What a value may be: all alternatives of its schema.
#[derive(Clone)]
pub struct Shape<'a> {
    document: &'a Value,
    /// Without references and combinations.
    plain: Vec<&'a Value>,
    /// The names of schemas that it went through.
    names: Vec<&'a str>,
    write_only: bool,
}

/// How deep combinations of schemas may go.
const MAX_DEPTH: usize = 16;

impl Schema {
    pub fn new(document: Value) -> Self {
        Self { document }
    }

    /// What a request to make or set one may have; nothing, where the interface knows no such noun.
    pub fn asked(&self, noun: &Noun) -> Option<Shape<'_>> {
        let (path, method) = match noun.kept {
            Kept::ByKey => (format!("/{}/{{{}}}", noun.path, noun.key), "put"),
            Kept::Within => (format!("/{}", noun.path), "put"),
            _ => (format!("/{}", noun.path), "post"),
        };
        let operation = self.document["paths"].get(path)?.get(method)?;
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
        (!schema.is_null()).then(|| Shape::of(&self.document, schema))
    }

    /// What the interface shows of one.
    pub fn shown(&self, noun: &Noun) -> Option<Shape<'_>> {
        let path = match noun.kept {
            Kept::Within => format!("/{}", noun.path.trim_end_matches("/{agent}")),
            _ => format!("/{}", noun.path),
        };
        let operation = self.document["paths"].get(path)?.get("get")?;
        let schema = &operation["responses"]["200"]["content"]["application/json"]["schema"];
        Shape::of(&self.document, schema).property("items")?.items()
    }

    /// The names of the fields that one may have in a centre file, without secrets.
    pub fn fields(&self, noun: &Noun) -> Vec<&str> {
        let Some(asked) = self.asked(noun) else {
            return Vec::new();
        };
        let all = asked.keys().into_iter();
        let is_field = |name: &&str| {
            let is_secret = asked.property(name).is_some_and(|it| it.is_secret());
            !is_secret && !noun.not_of_one.contains(name)
        };
        all.filter(is_field).collect()
    }
}

impl<'a> Shape<'a> {
    fn of(document: &'a Value, schema: &'a Value) -> Self {
        let mut shape = Self {
            document,
            plain: Vec::new(),
            names: Vec::new(),
            write_only: false,
        };
        shape.take(schema, 0);
        shape
    }

    fn of_all(document: &'a Value, schemas: impl Iterator<Item = &'a Value>) -> Option<Self> {
        let mut all: Option<Self> = None;
        for schema in schemas {
            let one = Self::of(document, schema);
            match &mut all {
                Some(all) => {
                    all.plain.extend(one.plain);
                    all.names.extend(one.names);
                    all.write_only |= one.write_only;
                }
                None => all = Some(one),
            }
        }
        all
    }

    fn take(&mut self, schema: &'a Value, depth: usize) {
        if depth > MAX_DEPTH {
            return;
        }
        self.write_only |= schema["writeOnly"] == true;
        if let Some(path) = schema["$ref"].as_str() {
            let name = path.rsplit('/').next().unwrap_or_default();
            self.names.push(name);
            self.take(&self.document["components"]["schemas"][name], depth + 1);
        }
        for way in ["oneOf", "anyOf", "allOf"] {
            for one in schema[way].as_array().into_iter().flatten() {
                self.take(one, depth + 1);
            }
        }
        if schema.get("type").is_some() || schema.get("properties").is_some() {
            self.plain.push(schema);
        }
    }

    /// Which things it refers to, if it does.
    pub fn refers_to(&self) -> Option<&'static Noun> {
        let is_of = |noun: &&Noun| noun.id.is_some_and(|id| self.names.contains(&id));
        NOUNS.iter().find(is_of)
    }

    pub fn is_secret(&self) -> bool {
        self.write_only
    }

    /// Whether it may be of this type, as JSON schemas call them.
    pub fn may_be(&self, kind: &str) -> bool {
        let has = |schema: &&Value| match &schema["type"] {
            Value::String(one) => one == kind,
            Value::Array(many) => many.iter().any(|one| one == kind),
            _ => false,
        };
        self.plain.iter().any(has)
    }

    /// The types that it may be of, in words.
    pub fn kinds(&self) -> String {
        let words = [
            ("string", "text"),
            ("integer", "a whole number"),
            ("number", "a number"),
            ("boolean", "true or false"),
            ("array", "a list"),
            ("object", "a table"),
        ];
        let known = words.iter().filter(|(kind, _)| self.may_be(kind));
        let known: Vec<&str> = known.map(|(_, word)| *word).collect();
        known.join(" or ")
    }

    /// Whether it is a table with these names and no others, whatever stands in it.
    pub fn has_one_form(&self) -> bool {
        let tables = self.plain.iter().filter(|it| it["type"] == "object");
        let mut forms = tables.map(|it| !it["properties"].is_null());
        forms.next() == Some(true) && forms.next().is_none()
    }

    /// Whether the order of its items says nothing.
    pub fn is_set(&self) -> bool {
        self.plain.iter().any(|it| it["uniqueItems"] == true)
    }

    /// The words that it may be; none: any.
    pub fn words(&self) -> Vec<&'a str> {
        let all = self.plain.iter().filter_map(|it| it["enum"].as_array());
        all.flatten().filter_map(Value::as_str).collect()
    }

    /// The least value of all limits of this name that its alternatives have.
    pub fn limit(&self, name: &str) -> Option<i64> {
        let all = self.plain.iter().filter_map(|it| it[name].as_i64());
        all.min()
    }

    pub fn property(&self, name: &str) -> Option<Self> {
        let named = self.plain.iter();
        let named = named.filter_map(|it| it["properties"].get(name));
        Self::of_all(self.document, named).or_else(|| self.values())
    }

    /// What any property of a table with free names may be.
    fn values(&self) -> Option<Self> {
        let free = self.plain.iter().map(|it| &it["additionalProperties"]);
        Self::of_all(self.document, free.filter(|it| it.is_object()))
    }

    /// What a table has without saying it: the usual value, or nothing where a field may be that. Of several forms, that which its own
    /// words choose.
    pub fn usual(&self, table: &Map<String, Value>) -> Map<String, Value> {
        let chooses = |form: &Map<String, Value>| {
            form.iter().all(|(name, field)| {
                let words = field["enum"].as_array().map_or(&[][..], Vec::as_slice);
                words.len() != 1 || table.get(name) == words.first()
            })
        };
        let forms = self.plain.iter();
        let mut forms = forms.filter_map(|it| it["properties"].as_object());
        let form = forms.find(|form| chooses(form)).into_iter().flatten();
        let left_out = form.filter(|(name, _)| !table.contains_key(*name));
        let usual = left_out.filter_map(|(name, field)| {
            let may_be_nothing = Self::of(self.document, field).may_be("null");
            let usual = field.get("default").cloned();
            let usual = usual.or_else(|| may_be_nothing.then_some(Value::Null))?;
            Some((name.clone(), usual))
        });
        usual.collect()
    }

    pub fn items(&self) -> Option<Self> {
        let items = self.plain.iter().filter_map(|it| it.get("items"));
        Self::of_all(self.document, items)
    }

    /// The names of its properties.
    pub fn keys(&self) -> Vec<&'a str> {
        let all = self.plain.iter();
        let all = all.filter_map(|it| it["properties"].as_object());
        let mut names: Vec<&str> = all.flat_map(Map::keys).map(String::as_str).collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}
