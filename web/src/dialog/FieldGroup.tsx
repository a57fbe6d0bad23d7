import { Input } from "@mantine/core";
import { type ReactNode, useId } from "react";

interface Props {
  label: string;
  description: string;
  /** What is wrong is wrong with all of them, and the focus goes here. */
  problem: string | null;
  className?: string;
  children: ReactNode;
}

/** Fields that belong together within a form, such as the rows of a table. */
export function FieldGroup({ label, description, problem, className, children }: Props) {
  const [title, told] = [useId(), useId()];
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset within the fieldset would be a section of its own.
    <div
      className={className}
      role="group"
      aria-labelledby={title}
      aria-describedby={told}
      data-refused={problem ? true : undefined}
      tabIndex={-1}
    >
      <Input.Label labelElement="div" id={title}>
        {label}
      </Input.Label>
      <div id={told}>
        <Input.Description>{description}</Input.Description>
        {problem && <Input.Error>{problem}</Input.Error>}
      </div>
      {children}
    </div>
  );
}
