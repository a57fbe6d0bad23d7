import classes from "./Facts.module.css";

interface Props {
  /** Name and value; one without a value is left out. */
  facts: readonly (readonly [name: string, value: string | null | undefined])[];
}

/** Facts beside each other, each under its name. */
export function Facts({ facts }: Props) {
  return (
    <dl className={classes.facts}>
      {facts.map(
        ([name, value]) =>
          value && (
            <div key={name}>
              <dt>{name}</dt>
              <dd className="number">{value}</dd>
            </div>
          ),
      )}
    </dl>
  );
}
