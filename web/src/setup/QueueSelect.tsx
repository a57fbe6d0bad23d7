import { NativeSelect } from "@mantine/core";
import type { TextField } from "../dialog/useForm";
import { useLive } from "../live/useLive";

interface Props extends TextField {
  label: string;
  description: string;
}

/** One of our queues, by its id. One that is gone stays chosen until another is. */
export function QueueSelect(props: Props) {
  const queues = useLive((state) => state.live?.queues);
  const known = [...(queues?.values() ?? [])].map(({ queue }) => ({
    value: queue.id,
    label: queue.display_name,
  }));
  const gone = props.value !== "" && !queues?.has(props.value);
  const data = [
    { value: "", label: "Choose one" },
    ...(gone ? [{ value: props.value, label: "One that is not known" }] : []),
    ...known,
  ];
  return <NativeSelect required withAsterisk={false} data={data} {...props} />;
}
