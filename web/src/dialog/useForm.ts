import { useState } from "react";
import { fieldProblems, type Wrong } from "../api/fields";

/** What a field is drawn with. */
export interface TextField {
  value: string;
  onChange: (event: { currentTarget: { value: string } }) => void;
  error: string | null;
}

interface TickField {
  checked: boolean;
  onChange: (event: { currentTarget: { checked: boolean } }) => void;
}

/** The fields of a form whose values are of this type. */
type FieldOf<Form, Value> = { [Key in keyof Form]: Form[Key] extends Value ? Key : never }[keyof Form] &
  string;

export interface Typed<Form> {
  form: Form;
  set: (change: Partial<Form>) => void;
  /** What is wrong with a field, by its name on the wire. */
  at: (field: string) => string | null;
  /** A field that is typed, or chosen from a list; with its name on the wire where that is another. */
  text: (key: FieldOf<Form, string>, field?: string) => TextField;
  tick: (key: FieldOf<Form, boolean>) => TickField;
  /** What is wrong with no field in particular. */
  problem: string | null;
  /** Another with each refusal. */
  refusal: unknown;
  /** Sends what was read of the form, or says what is wrong with it. */
  send: <Fields extends object>(read: Fields | Wrong, how: (fields: Fields) => void) => void;
}

/** What is typed into a form, and what is wrong with it: `error` is the server's answer, `shown` are the fields that it may be about. */
export function useForm<Form extends object>(
  first: Form,
  shown: readonly string[],
  error: unknown,
): Typed<Form> {
  const [form, setForm] = useState(first);
  const [wrong, setWrong] = useState<Wrong | null>(null);
  const refused = fieldProblems(error, shown);
  const set = (change: Partial<Form>) => setForm((before) => ({ ...before, ...change }));
  const put = (key: string, value: unknown) => set({ [key]: value } as Partial<Form>);
  const at = (field: string) => (wrong?.field === field ? wrong.words : refused.at(field));
  return {
    form,
    set,
    at,
    text: (key, field = key) => ({
      value: String(form[key]),
      onChange: ({ currentTarget }) => put(key, currentTarget.value),
      error: at(field),
    }),
    tick: (key) => ({
      checked: form[key] === true,
      onChange: ({ currentTarget }) => put(key, currentTarget.checked),
    }),
    problem: refused.other,
    refusal: wrong ?? error,
    send(read, how) {
      const bad = isWrong(read) ? read : null;
      setWrong(bad);
      if (!isWrong(read)) how(read);
    },
  };
}

function isWrong(read: object): read is Wrong {
  return "field" in read && "words" in read;
}
