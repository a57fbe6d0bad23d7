import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { answer, api } from "../api/client";
import type { Call, Recording } from "../api/types";
import { Failure } from "../dialog/Failure";
import { stopwatch } from "../live/words";
import classes from "./CallStory.module.css";

/** What was recorded of a call. Nothing is fetched before somebody wants to hear it. */
export function Recordings({ call }: { call: Call }) {
  const recordings = call.control?.recordings ?? [];
  if (recordings.length === 0) return null;
  return (
    <section aria-label="Recordings">
      <h3 className="heading">{recordings.length === 1 ? "Recording" : "Recordings"}</h3>
      {recordings.map((recording, index) => (
        <Player key={recording.name} call={call} recording={recording} number={index + 1} />
      ))}
    </section>
  );
}

interface PlayerProps {
  call: Call;
  recording: Recording;
  number: number;
}

function Player({ call, recording, number }: PlayerProps) {
  const [failed, setFailed] = useState(false);
  const from = stopwatch(Date.parse(recording.started_at) - Date.parse(call.arrived_at));
  const address = `/v1/calls/${encodeURIComponent(call.id)}/recordings/${encodeURIComponent(recording.name)}`;
  const title = `Recording ${number}, from ${from}`;
  return (
    <div className={classes.recording}>
      <header>
        <span className="number">{title}</span>
        {recording.state === "ended" ? (
          <a href={address} download={`${recording.name}.wav`}>
            Download
          </a>
        ) : (
          <span className="faint">
            {recording.state === "paused" ? "paused" : "goes on"}: it can be heard when it has ended
          </span>
        )}
      </header>
      {recording.state === "ended" && (
        // biome-ignore lint/a11y/useMediaCaption: nobody has written down what was said.
        <audio
          controls
          preload="none"
          src={address}
          aria-label={title}
          onError={() => setFailed(true)}
          onPlaying={() => setFailed(false)}
        />
      )}
      {failed && <WhyNot call={call.id} name={recording.name} />}
    </div>
  );
}

/** A player says that it cannot play, and not why: the server does. */
function WhyNot({ call, name }: { call: string; name: string }) {
  const why = useQuery({
    queryKey: ["recording", call, name],
    queryFn: ({ signal }) => {
      const params = { path: { id: call, name } };
      return answer(api.GET("/v1/calls/{id}/recordings/{name}", { params, signal, parseAs: "stream" }));
    },
    retry: false,
    staleTime: 0,
    gcTime: 0,
  });
  if (why.isPending) return null;
  return (
    <Failure
      words={why.error ? undefined : "This browser cannot play it. Download it to hear it."}
      error={why.error}
    />
  );
}
