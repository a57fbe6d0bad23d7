// Which centre the browser is driven against: CORDBOARD_URL, or with CORDBOARD_MOCK=1 the simulated one and the built page.

import { preview } from "vite";
import type { TestProject } from "vitest/node";

export interface Centre {
  url: string;
  /** Somebody who may set agents' states. */
  user: LogIn;
  /** Somebody who takes calls, where there is one to log in as. */
  agent: LogIn | null;
  /** Somebody who sets the centre up, where there is one to log in as. */
  administrator: LogIn | null;
}

export interface LogIn {
  name: string;
  password: string;
}

declare module "vitest" {
  export interface ProvidedContext {
    centre: Centre;
  }
}

export default async function setup(project: TestProject) {
  if (!process.env.CORDBOARD_MOCK) {
    project.provide("centre", fromEnvironment());
    return;
  }
  const server = await preview({ logLevel: "warn", preview: { port: 0, host: "127.0.0.1" } });
  const password = "cordboard";
  project.provide("centre", {
    url: server.resolvedUrls?.local[0] ?? "",
    user: { name: "super", password },
    agent: { name: "agent", password },
    administrator: { name: "admin", password },
  });
  return async () => {
    if ("closeAllConnections" in server.httpServer) server.httpServer.closeAllConnections();
    await server.close();
  };
}

function fromEnvironment(): Centre {
  const {
    CORDBOARD_URL: url,
    CORDBOARD_USER: name,
    CORDBOARD_PASSWORD: password,
    CORDBOARD_AGENT_USER: agent,
    CORDBOARD_AGENT_PASSWORD: agentPassword,
    CORDBOARD_ADMIN_USER: administrator,
    CORDBOARD_ADMIN_PASSWORD: administratorPassword,
  } = process.env;
  if (!url || !name || !password) {
    throw new Error("Set CORDBOARD_URL, CORDBOARD_USER and CORDBOARD_PASSWORD, or CORDBOARD_MOCK=1.");
  }
  return {
    url,
    user: { name, password },
    agent: logInOf(agent, agentPassword),
    administrator: logInOf(administrator, administratorPassword),
  };
}

function logInOf(name: string | undefined, password: string | undefined): LogIn | null {
  return name && password ? { name, password } : null;
}
