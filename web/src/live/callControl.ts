import { notifications } from "@mantine/notifications";
import { useMutation } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { answer, api } from "../api/client";
import { wordsFor } from "../api/problem";
import type { ControlAction, Watch, WatchMode } from "../api/types";
import { learnWatches } from "./control";
import { useFeed, useLive } from "./useLive";
import { consultedWords, NOT_DONE_WORDS, WATCH_MODE_WORDS } from "./words";

/** The most keys that the server takes at a time. */
export const MAX_KEYS = 32;

/** What an agent wants done to the own call. */
export type Order =
  | { action: ControlAction }
  | { action: "consult"; to: string }
  /** To the one who is consulted, unless it says to whom. */
  | { action: "transfer"; to?: string };

/** Does something to a call; what goes wrong is told in words. How the call then stands comes as an event. */
export function useControl(call: string) {
  return useMutation({
    mutationFn: (order: Order) => answer(send(call, order)),
    onError: (error, { action }) => tellFailure(NOT_DONE_WORDS[action], error),
  });
}

function send(call: string, order: Order) {
  const path = { id: call };
  switch (order.action) {
    case "consult":
      return api.POST("/v1/calls/{id}/consult", { params: { path }, body: { to: order.to } });
    case "transfer": {
      const body = order.to === undefined ? {} : { to: order.to };
      return api.POST("/v1/calls/{id}/transfer", { params: { path }, body });
    }
    default:
      return api.POST("/v1/calls/{id}/{action}", { params: { path: { ...path, action: order.action } } });
  }
}

/** Says why the one who was to be consulted does not talk with the agent, if it is not by the agent's own will. */
export function useTellConsulted(call: string) {
  const consulted = useLive(({ live }) => live?.consulted.get(call));
  const told = useRef(consulted?.seq ?? 0);
  useEffect(() => {
    if (!consulted || consulted.seq <= told.current) return;
    told.current = consulted.seq;
    const message = consultedWords(consulted);
    if (message) notifications.show({ color: "orange", message, autoClose: 10_000 });
  }, [consulted]);
}

export function useHangUp(call: string) {
  return useMutation({
    mutationFn: () => answer(api.POST("/v1/calls/{id}/hangup", { params: { path: { id: call } } })),
    onError: (error) => tellFailure("The call was not ended", error),
  });
}

/** Puts the own call into a slot. */
export function usePark(call: string) {
  return useMutation({
    mutationFn: () => answer(api.POST("/v1/calls/{id}/park", { params: { path: { id: call } } })),
    onSuccess: ({ control }) => {
      const slot = control?.parked?.slot;
      if (slot === undefined) return;
      const message = "Anybody of the queue can fetch the call.";
      notifications.show({ color: "cord", title: `Parked in ${slot}`, message });
    },
    onError: (error) => tellFailure("The call was not parked", error),
  });
}

/** Asks for a call that is parked, or rings at a colleague: the own phone rings. */
export function useTake(call: string) {
  const params = { path: { id: call } };
  return useMutation({
    mutationFn: (parked: boolean) =>
      answer(
        parked
          ? api.POST("/v1/calls/{id}/retrieve", { params })
          : api.POST("/v1/calls/{id}/pick-up", { params }),
      ),
    onError: (error) => tellFailure("You did not get the call", error),
  });
}

/** Sends keys in the order in which they were pressed: what is pressed while some are on their way follows them. */
export function useKeys(call: string) {
  const waiting = useRef("");
  const busy = useRef(false);
  const [sent, setSent] = useState(0);

  async function press(keys: string) {
    waiting.current += keys;
    if (busy.current) return;
    busy.current = true;
    try {
      while (waiting.current !== "") {
        const digits = waiting.current.slice(0, MAX_KEYS);
        waiting.current = waiting.current.slice(MAX_KEYS);
        await answer(api.POST("/v1/calls/{id}/digits", { params: { path: { id: call } }, body: { digits } }));
        setSent((before) => before + digits.length);
      }
    } catch (error) {
      // What would follow makes no sense without these.
      waiting.current = "";
      tellFailure("The keys were not sent", error);
    } finally {
      busy.current = false;
    }
  }

  return { press: (keys: string) => void press(keys), sent };
}

/** Takes part in a call: the supervisor's own phone rings first. */
export function useWatch(call: string) {
  return useMutation({
    mutationFn: (mode: WatchMode) =>
      answer(api.PUT("/v1/calls/{id}/watch", { params: { path: { id: call } }, body: { mode } })),
    onSuccess: tellIfRinging,
    onError: (error, mode) => tellFailure(WATCH_MODE_WORDS[mode].not, error),
  });
}

export function useLeave(call: string) {
  return useMutation({
    mutationFn: () => answer(api.DELETE("/v1/calls/{id}/watch", { params: { path: { id: call } } })),
    onError: (error) => tellFailure("You did not leave the call", error),
  });
}

/** Asks who watches a call: the events of it may have come before this page. */
export function useAskWatches(call: string) {
  const { store } = useFeed();
  return async () => {
    try {
      const told = await answer(api.GET("/v1/calls/{id}/watch", { params: { path: { id: call } } }));
      store.setState(({ live }) => ({
        live: live && { ...live, watches: learnWatches(live.watches, call, told) },
      }));
    } catch {
      // What is known from events is shown; whatever is asked for next says what is wrong.
    }
  };
}

function tellIfRinging({ state, mode }: Watch) {
  if (state !== "ringing") return;
  notifications.show({
    color: "cord",
    title: "Your phone rings",
    message: `Pick it up to take part. ${WATCH_MODE_WORDS[mode].means}.`,
  });
}

function tellFailure(title: string, error: unknown) {
  notifications.show({ color: "red", title, message: wordsFor(error), autoClose: 10_000 });
}
