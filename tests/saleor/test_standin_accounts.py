"""Customers, tokens and rights in the stand-in Saleor."""

from __future__ import annotations

import jwt
import pytest

from tests.saleor.standinkit import CHANNEL, PASSWORD, Shop

REGISTER = """mutation($i:AccountRegisterInput!){accountRegister(input:$i){requiresConfirmation
user{id email firstName} errors{field code}}}"""
LOGIN = "mutation($e:String!,$p:String!){tokenCreate(email:$e,password:$p){token refreshToken errors{code field}}}"
CONFIRM = "mutation($e:String!,$t:String!){confirmAccount(email:$e,token:$t){user{isConfirmed} errors{code}}}"


def test_a_customer_registers_confirms_and_logs_in(shop: Shop) -> None:
    email = "Anna.Ünal@mail.example"
    given = {"email": email, "password": PASSWORD, "firstName": "Anna", "lastName": "Ünal",
             "redirectUrl": "http://shop.example/confirm", "channel": "default-channel"}  # fmt: skip
    answer = shop.anonymous.data(REGISTER, i=given)["accountRegister"]
    assert answer == {
        "requiresConfirmation": True,
        "user": {"id": "", "email": email.lower(), "firstName": "Anna"},
        "errors": [],
    }
    # A second registration tells nothing about the first.
    assert shop.anonymous.data(REGISTER, i=given)["accountRegister"] == answer
    refused = shop.anonymous.errors(LOGIN, e=email, p=PASSWORD)
    assert [e["code"] for e in refused] == ["ACCOUNT_NOT_CONFIRMED"]
    mails = shop.anonymous.look("mails", email=email)["mails"]
    assert len(mails) == 1
    assert [e["code"] for e in shop.anonymous.errors(CONFIRM, e=email, t="wrong")] == ["INVALID"]
    shop.anonymous.data(CONFIRM, e=email, t=mails[0]["token"])
    me = shop.anonymous.login(email).data("{me{email firstName lastName isConfirmed customerType{slug}}}")[
        "me"
    ]
    assert me == {"email": email.lower(), "firstName": "Anna", "lastName": "Ünal", "isConfirmed": True,
                  "customerType": {"slug": "default"}}  # fmt: skip


def test_registering_confirms_nobody(shop: Shop) -> None:
    shop.anonymous.control("shop", enableAccountConfirmationByEmail=False)
    try:
        email = "unasked@mail.example"
        given = {"email": email, "password": PASSWORD, "channel": CHANNEL}
        assert not shop.anonymous.data(REGISTER, i=given)["accountRegister"]["requiresConfirmation"]
        me = shop.anonymous.login(email).data("{me{id isConfirmed}}")["me"]
        assert not me["isConfirmed"]
        create = "mutation($i:UserCreateInput!){customerCreate(input:$i){user{isConfirmed} errors{code}}}"
        made = shop.owner.data(create, i={"email": "by-staff@mail.example", "isConfirmed": True})
        assert made["customerCreate"]["user"] == {"isConfirmed": False}
        confirm = (
            "mutation($i:ID!){customerUpdate(id:$i,input:{isConfirmed:true}){user{isConfirmed} errors{code}}}"
        )
        assert shop.owner.data(confirm, i=me["id"])["customerUpdate"]["user"] == {"isConfirmed": True}
    finally:
        shop.anonymous.control("shop", enableAccountConfirmationByEmail=True)


def test_an_access_token_carries_the_measured_claims_and_verifies_by_jwks(shop: Shop) -> None:
    email, caller = shop.customer()
    keys = jwt.PyJWKSet.from_dict(shop.anonymous.client.get("/.well-known/jwks.json").json())
    assert caller.token is not None
    header = jwt.get_unverified_header(caller.token)
    claims = jwt.decode(caller.token, keys[header["kid"]], algorithms=["RS256"])
    assert set(claims) == {"iat", "owner", "iss", "exp", "token", "email", "type", "user_id", "is_staff"}
    assert claims["iss"] == "http://saleor.example/graphql/"
    assert claims["exp"] - claims["iat"] == 300
    assert (claims["type"], claims["email"], claims["is_staff"]) == ("access", email, False)
    assert claims["user_id"] == shop.ids["customers"][email]


def test_refresh_verify_and_revoke(shop: Shop) -> None:
    email, _ = shop.customer()
    tokens = shop.anonymous.data(LOGIN, e=email, p=PASSWORD)["tokenCreate"]
    refresh = "mutation($r:String!){tokenRefresh(refreshToken:$r){token errors{code}}}"
    verify = "mutation($t:String!){tokenVerify(token:$t){isValid user{email} payload errors{code}}}"
    renewed = shop.anonymous.data(refresh, r=tokens["refreshToken"])["tokenRefresh"]["token"]
    assert [e["code"] for e in shop.anonymous.errors(refresh, r=tokens["token"])] == ["JWT_INVALID_TOKEN"]
    answer = shop.anonymous.data(verify, t=renewed)["tokenVerify"]
    assert (answer["isValid"], answer["user"]["email"], answer["payload"]["type"]) == (True, email, "access")
    # Measured: a refresh token verifies as well.
    answer = shop.anonymous.data(verify, t=tokens["refreshToken"])["tokenVerify"]
    assert (answer["isValid"], answer["payload"]["type"]) == (True, "refresh")
    shop.anonymous.as_app(renewed).data("mutation{tokensDeactivateAll{errors{code}}}")
    assert shop.anonymous.post(verify, t=renewed).json()["data"]["tokenVerify"]["isValid"] is False
    dead = shop.anonymous.as_app(renewed).post("{me{id}}")
    assert dead.status_code == 200
    assert dead.json()["errors"][0]["extensions"]["exception"]["code"] == "InvalidTokenError"


def test_a_dead_app_token_is_anonymous_and_rights_are_named(shop: Shop) -> None:
    answer = shop.anonymous.as_app("x" * 30).post("{customers(first:1){edges{node{id}}}}")
    assert answer.status_code == 200
    error = answer.json()["errors"][0]
    assert error["message"] == (
        "To access this path, you need one of the following permissions: MANAGE_ORDERS, MANAGE_USERS"
    )
    assert error["extensions"]["exception"]["code"] == "PermissionDenied"
    assert shop.anonymous.as_app("x" * 30).data("{me{id}}") == {"me": None}


def test_page_limits_have_saleors_words(shop: Shop) -> None:
    app = shop.app("MANAGE_USERS")
    [error] = app.post("{customers(first:101){edges{node{id}}}}").json()["errors"]
    assert error["message"] == (
        "Requesting 101 records on the `customers` connection exceeds the `first` limit of 100 records."
    )
    [error] = app.post("{customers{edges{node{id}}}}").json()["errors"]
    assert "You must provide a `first` or `last` value" in error["message"]


def test_customers_are_paged_without_gaps(shop: Shop) -> None:
    emails = {shop.customer()[0] for _ in range(7)}
    app = shop.app("MANAGE_USERS")
    seen, cursor = [], None
    while True:
        page = app.data(
            "query($a:String){customers(first:3,after:$a,sortBy:{field:CREATED_AT,direction:ASC}){totalCount"
            " pageInfo{hasNextPage endCursor} edges{node{id email}}}}",
            a=cursor,
        )["customers"]
        seen += [e["node"]["email"] for e in page["edges"]]
        cursor = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert len(seen) == len(set(seen)) == page["totalCount"]
    assert emails <= set(seen)
    ids = [shop.ids["customers"][e] for e in emails] + ["VXNlcjo5OTk5OTk5"]
    found = app.data("query($i:[ID!]){customers(first:100,where:{ids:$i}){edges{node{email}}}}", i=ids)
    # An unknown id is silently missing.
    assert {e["node"]["email"] for e in found["customers"]["edges"]} == emails


def test_customers_write_their_own_public_metadata_and_nobody_elses(shop: Shop) -> None:
    email, caller = shop.customer()
    other, _ = shop.customer()
    write = """mutation($i:ID!){updateMetadata(id:$i,input:[{key:"tier",value:"gold"}]){
        item{... on User{metafield(key:"tier")}} errors{code}}}"""
    answer = caller.data(write, i=shop.ids["customers"][email])
    assert answer["updateMetadata"]["item"] == {"metafield": "gold"}
    [error] = caller.post(write, i=shop.ids["customers"][other]).json()["errors"]
    assert error["extensions"]["exception"]["code"] == "PermissionDenied"


def test_storefront_traffic_can_be_closed(shop: Shop) -> None:
    email, caller = shop.customer()
    app = shop.app("MANAGE_USERS")
    shop.anonymous.control("shop", allowStorefrontTraffic=False)
    try:
        for who in (shop.anonymous, caller):
            answer = who.post("{me{id}}")
            assert answer.status_code == 401
            assert answer.json()["errors"][0]["extensions"] == {"code": "STOREFRONT_TRAFFIC_NOT_ALLOWED"}
        verify = "mutation($t:String!){tokenVerify(token:$t){isValid user{email} errors{code}}}"
        assert app.data(verify, t=caller.token)["tokenVerify"]["user"]["email"] == email
    finally:
        shop.anonymous.control("shop", allowStorefrontTraffic=True)


def test_wrong_passwords_slow_the_address_down(shop: Shop) -> None:
    email, _ = shop.customer()

    def attempt(password: str, ip: str) -> list[str]:
        answer = shop.anonymous.client.post(
            "/graphql/",
            json={"query": LOGIN, "variables": {"e": email, "p": password}},
            headers={"X-Forwarded-For": ip},
        )
        return [e["code"] for e in answer.json()["data"]["tokenCreate"]["errors"]]

    assert attempt("wrong", "10.1.1.1") == ["INVALID_CREDENTIALS"]
    assert attempt(PASSWORD, "10.1.1.1") == ["LOGIN_ATTEMPT_DELAYED"]
    assert attempt(PASSWORD, "10.1.1.2") == []


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("{nothing}", 400),
        ("{", 400),
        ("{" + " ".join(f"a{i}:me{{id}}" for i in range(101)) + "}", 400),
        ("{me{id}}", 200),
    ],
)
def test_a_document_that_cannot_run_is_a_bad_request(shop: Shop, query: str, status: int) -> None:
    assert shop.anonymous.post(query).status_code == status
